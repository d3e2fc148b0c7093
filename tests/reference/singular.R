# The boundary: a patient variance of 0, and a random slope whose covariance matrix is singular.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
data <- read_data("singular")
write_pair(list(
  software = versions("lme4", "lmerTest", "pbkrtest"), data = "singular.csv",
  variance_zero = lmer_block(score ~ month * format + (1 | patient), data),
  slope = lmer_block(score ~ month * format + (month | patient), data),
  slope_apart = lmer_block(score ~ month * format + (1 | patient) + (0 + month | patient), data)
))
