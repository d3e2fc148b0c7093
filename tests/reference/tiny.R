# Eight rows of four patients.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
data <- read_data("tiny")
write_pair(list(
  software = versions("lme4", "lmerTest", "pbkrtest"), data = "tiny.csv",
  paired = lmer_block(score ~ visit + (1 | patient), data),
  covariate = lmer_block(score ~ x + (1 | patient), data)
))
