# Precision weights (residual variance sigma2 / weight). pbkrtest 0.5.2 leaves the weights out of V, so there is no
# Kenward-Roger block; the dense implementation of the tests stands in for it.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
data <- read_data("partial")
write_pair(list(
  software = versions("lme4", "lmerTest"), data = "partial.csv", weights = "weight",
  intercept = lmer_block(score ~ month * format + (1 | patient), data, kenward_roger = FALSE, weights = data$weight),
  partially_nested = lmer_block(score ~ month * format + baseline + (0 + is_group | cohort) + (1 | patient), data,
    kenward_roger = FALSE, weights = data$weight)
))
