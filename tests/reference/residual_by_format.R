# A residual variance per format with Kenward-Roger, which lme4 cannot say: the arm of the larger variance gets a term of
# its own for each row, whose variance is the difference. Expected information does not depend on the parametrisation.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
data <- read_data("partial")
data$row <- factor(seq_len(nrow(data)))
cross <- data[data$visit == 3, ]
welch <- t.test(score ~ format, data = cross)
block <- function(formula, data) {
  result <- lmer_block(formula, data)
  values <- result$variance_components
  extra <- values$value[values$grouping == "row"]
  rest <- values$value[values$grouping == "Residual"]
  result$residual <- list(individual = rest, group = rest + extra)
  result
}
write_pair(list(
  software = versions("lme4", "lmerTest", "pbkrtest"), data = "partial.csv", residual_by = "format",
  intercept = block(score ~ month * format + baseline + (1 | patient) + (0 + is_group | row), data),
  partially_nested = block(score ~ month * format + baseline + practice + (0 + is_group | cohort) + (0 + is_group | patient) +
    (1 | patient) + (0 + is_group | row), data),
  welch_at_month_3 = list(statistic = unname(welch$statistic), df = unname(welch$parameter), p_value = welch$p.value,
    std_error = unname(welch$stderr), estimate_group_minus_individual = unname(diff(welch$estimate)))
))
