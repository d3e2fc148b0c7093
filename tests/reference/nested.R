# Nested grouping: therapists, numbered anew in each clinic; and practices with cohorts and patients below them.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
data <- read_data("nested")
partial <- read_data("partial")
write_pair(list(
  software = versions("lme4", "lmerTest", "pbkrtest"), data = "nested.csv",
  nested = lmer_block(score ~ x + (1 | clinic / therapist), data),
  nested_slope = lmer_block(score ~ x + (0 + x | clinic) + (1 | clinic / therapist), data),
  partially_nested = c(list(data = "partial.csv"), lmer_block(
    score ~ month * format + baseline + practice + (0 + is_group | cohort) + (month | patient), partial))
))
