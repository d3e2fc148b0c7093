# Likelihood-ratio comparisons: of fixed parts (both fits by ML), of a random slope (REML, two parameters, one of them a
# variance) and of a variance on its boundary. The halves of the mixtures 50:50 are written out.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
data <- read_data("partial")
fit <- function(formula, reml) { environment(formula) <- environment(); lme4::lmer(formula, data, REML = reml, control = tight) }
deviance_of <- function(model) -2 * as.numeric(logLik(model))
without <- score ~ month + baseline + practice + (0 + is_group | cohort) + (1 | patient)
with <- score ~ month * format + baseline + practice + (0 + is_group | cohort) + (1 | patient)
no_cohort <- score ~ month * format + baseline + practice + (1 | patient)
slope <- score ~ month * format + baseline + practice + (0 + is_group | cohort) + (1 + month | patient)
fixed <- anova(fit(without, FALSE), fit(with, FALSE))
cohort <- deviance_of(fit(no_cohort, TRUE)) - deviance_of(fit(with, TRUE))
slopes <- deviance_of(fit(with, TRUE)) - deviance_of(fit(slope, TRUE))
upper <- function(x, df) pchisq(x, df, lower.tail = FALSE)
write_pair(list(
  software = versions("lme4"), data = "partial.csv",
  fixed_part = list(smaller = deparse1(without), larger = deparse1(with), criterion = "ML", statistic = fixed$Chisq[2],
    df = fixed$Df[2], p_value = fixed[["Pr(>Chisq)"]][2]),
  cohort_variance = list(smaller = deparse1(no_cohort), larger = deparse1(with), criterion = "REML", statistic = cohort,
    p_value = .5 * upper(cohort, 1), p_value_without_the_boundary = upper(cohort, 1)),
  patient_slope = list(smaller = deparse1(with), larger = deparse1(slope), criterion = "REML", statistic = slopes,
    p_value = .5 * upper(slopes, 1) + .5 * upper(slopes, 2), p_value_without_the_boundary = upper(slopes, 2))
))
