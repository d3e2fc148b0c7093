# Crossed random effects: patients by raters.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
data <- read_data("crossed")
write_pair(list(
  software = versions("lme4", "lmerTest", "pbkrtest"), data = "crossed.csv",
  intercepts = lmer_block(score ~ x + format + (1 | patient) + (1 | rater), data),
  slope = lmer_block(score ~ x + format + (1 | patient) + (1 + x || rater), data)
))
