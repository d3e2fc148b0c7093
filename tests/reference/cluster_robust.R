# Cluster-robust covariance of the fixed effects by clubSandwich: CR0 and CR2 with Satterthwaite df, for a random effect,
# for a model with cohorts (a cluster is the cohort in the group arm and the patient elsewhere) and for an unstructured
# residual covariance.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
suppressWarnings(suppressMessages({library(clubSandwich); library(nlme)}))
data <- read_data("partial")
block <- function(fit, cluster) {
  one <- function(type) {
    v <- if (inherits(fit, "lm") && is.null(cluster)) vcovCR(fit, type = type) else vcovCR(fit, cluster = cluster, type = type)
    tests <- as.data.frame(coef_test(fit, vcov = v, test = "Satterthwaite"))
    frame <- data.frame(term = if ("Coef" %in% names(tests)) tests$Coef else rownames(tests), estimate = tests$beta,
      std_error = tests$SE, df = tests$df_Satt, statistic = tests$tstat, p_value = tests$p_Satt)
    list(coefficients = frame, vcov = unname(as.matrix(v)))
  }
  list(CR0 = one("CR0"), CR2 = one("CR2"))
}
intercept <- lme4::lmer(score ~ month * format + baseline + (1 | patient), data, control = tight)
cohorts <- lme4::lmer(score ~ month * format + baseline + (0 + is_group | cohort) + (1 | patient), data, control = tight)
unstructured <- gls(score ~ visit * format + baseline, data, correlation = corSymm(form = ~ as.integer(visit) | patient),
  weights = varIdent(form = ~ 1 | visit), method = "REML",
  control = glsControl(tolerance = 1e-10, msTol = 1e-12, msMaxIter = 500, maxIter = 500, opt = "optim", optimMethod = "BFGS"))
ols <- lm(score ~ month * format + baseline, data)
write_pair(list(
  software = versions("lme4", "nlme", "clubSandwich"), data = "partial.csv",
  intercept = c(list(formula = "score ~ month * format + baseline + (1 | patient)", cluster = "patient",
    reml_criterion = as.numeric(REMLcrit(intercept))), block(intercept, data$patient)),
  cohorts = c(list(formula = "score ~ month * format + baseline + (0 + is_group | cohort) + (1 | patient)", cluster = "cohort",
    reml_criterion = as.numeric(REMLcrit(cohorts))), block(cohorts, data$cohort)),
  unstructured = c(list(formula = "score ~ visit * format + baseline + us(visit | patient)", cluster = "patient",
    reml_criterion = -2 * as.numeric(logLik(unstructured))), block(unstructured, data$patient)),
  independent = c(list(formula = "score ~ month * format + baseline", cluster = "patient"), block(ols, data$patient))
))
