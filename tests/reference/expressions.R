# Expressions in a formula: a response that is computed, powers, factors and functions of columns.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
data <- read_data("partial")
data$day.in.study <- data$month * 30
block <- function(formula) lmer_block(formula, data, kenward_roger = FALSE)
write_pair(list(
  software = versions("lme4", "lmerTest"), data = "partial.csv",
  models = list(
    block(score - baseline ~ month * format + (1 | patient)),
    block(log(score + 20) - log(baseline) ~ month + format + (1 | patient)),
    block(score^2 ~ month + format + (1 | patient)),
    block(-score/10 + 3 ~ month + format + (1 | patient)),
    block(score ~ month + I(month^2) + I(month^2):format + (1 | patient)),
    block(score ~ factor(visit) * format + sqrt(month) + (1 | patient)),
    block(score ~ I((month - 2)^2 / 3 + 1) + abs(baseline - 20) + exp(-month) + (1 | patient)),
    block(score ~ (month + format + baseline)^2 + (0 + is_group | cohort) + (1 | patient)),
    block(score ~ log(day.in.study) + I(baseline > 20) + cos(month) + (1 | patient)),
    block(score ~ month + format + (1 + I(month^2) | patient))
  )
))
