# The primary model, a cohort term and one unstructured matrix per arm, by glmmTMB: for each arm a random effect of the
# visits whose rows are zero for the other arm. With dispformula = ~ 0 the residual variance is held at 1.5e-8, the surface
# is rough and the search stops at a gradient of 0.01; held at 1 instead, the diagonal of the unstructured matrices takes up
# the difference, the model is the same and the search ends. Both criteria are written; the matrices include the residual.
# Standard errors: sdreport adds the uncertainty of the covariance, so they are taken from the Hessian of the fixed and
# random effects at the solution, which is (X'V^-1 X)^-1. The dense implementation of the tests gives Kenward-Roger.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
suppressWarnings(suppressMessages(library(glmmTMB)))
data <- read_data("partial")
data$group_arm <- data$is_group
data$individual_arm <- 1 - data$is_group
formula <- score ~ visit * (format + baseline) + practice + (0 + is_group | cohort) +
  us(0 + visit:individual_arm | patient) + us(0 + visit:group_arm | patient)
strict <- glmmTMBControl(optCtrl = list(iter.max = 1e5, eval.max = 1e5, rel.tol = 1e-15, x.tol = 1e-13))
fit <- glmmTMB(formula, data, REML = TRUE, control = strict, start = list(betad = 0), map = list(betad = factor(NA)))
no_residual <- suppressWarnings(glmmTMB(formula, data, dispformula = ~ 0, REML = TRUE, control = strict))
plain <- function(matrix) unname(matrix(as.numeric(matrix), nrow(matrix)))
parts <- VarCorr(fit)$cond
joint <- fit$obj$env$spHess(fit$obj$env$last.par.best, random = TRUE)
names_joint <- names(fit$obj$env$last.par.best)[fit$obj$env$random]
vcov <- as.matrix(solve(joint))[names_joint == "beta", names_joint == "beta"]
beta <- fixef(fit)$cond
residual <- sigma(fit)^2
write_pair(list(
  software = versions("glmmTMB", "TMB"), data = "partial.csv",
  formula = "score ~ visit * (format + baseline) + practice + (0 + is_group | cohort) + us(visit | format/patient)",
  n_observations = nobs(fit), reml_criterion = -2 * as.numeric(logLik(fit)),
  reml_criterion_dispformula_0 = -2 * as.numeric(logLik(no_residual)),
  gradient = max(abs(fit$obj$gr(fit$fit$par))),
  cohort_variance = as.numeric(parts[[1]]),
  covariance = list(individual = plain(parts[[2]]) + residual * diag(4), group = plain(parts[[3]]) + residual * diag(4)),
  coefficients = data.frame(term = names(beta), estimate = unname(beta), std_error = unname(sqrt(diag(vcov)))),
  vcov = plain(vcov)
))
