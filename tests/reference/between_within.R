# Denominator df by the rule of inner and outer terms, as nlme counts them; they do not depend on where the fit stopped.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
suppressWarnings(suppressMessages(library(nlme)))

data <- read_data("partial")

df_of <- function(fixed, random, formula) {
  fit <- suppressWarnings(lme(fixed, random = random, data = data, control = lmeControl(returnObject = TRUE)))
  terms <- fit$fixDF$terms
  list(formula = formula, df = as.list(fit$fixDF$X), anova = data.frame(term = names(terms), df = unname(terms)))
}

write_pair(list(
  software = versions("nlme"), data = "partial.csv",
  patients = df_of(score ~ month * format + practice + baseline, ~ 1 | patient,
                   "score ~ month * format + practice + baseline + (1 | patient)"),
  cohorts = df_of(score ~ visit * format + practice + baseline, ~ 1 | cohort / patient,
                  "score ~ visit * format + practice + baseline + (1 | cohort) + (1 | patient)"),
  slopes = df_of(score ~ month * format + baseline, ~ month | patient,
                 "score ~ month * format + baseline + (month | patient)")
))
