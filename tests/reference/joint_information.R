# Standard errors by glmmTMB, which come from the joint information of coefficients and covariance parameters: under REML
# sdreport adds J W J' to the inverse Hessian of the coefficients, under ML it inverts the Hessian of both. glmmTMB takes
# that Hessian by coarse differences of exact gradients, where the search stopped; here two Newton steps follow and
# sdreport gets numDeriv's Hessian. The residual variance of the unstructured model is held at 1 and counts into the
# matrices (see primary_model.R).
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
suppressWarnings(suppressMessages(library(glmmTMB)))
data <- read_data("partial")
strict <- glmmTMBControl(optCtrl = list(iter.max = 1e5, eval.max = 1e5, rel.tol = 1e-15, x.tol = 1e-13))
shown <- function(formula, ours, reml, held = FALSE) {
  more <- if (held) list(start = list(betad = 0), map = list(betad = factor(NA))) else list()
  # The search calls its end "singular convergence" where it stands still; the Newton steps take it to a gradient of 0.
  fit <- suppressWarnings(do.call(glmmTMB, c(list(formula, data, REML = reml, control = strict), more)))
  par <- fit$fit$par
  for (step in 1:2) par <- par - solve(numDeriv::jacobian(fit$obj$gr, par), as.numeric(fit$obj$gr(par)))
  report <- TMB::sdreport(fit$obj, par, numDeriv::jacobian(fit$obj$gr, par), getJointPrecision = reml)
  vcov <- if (reml) as.matrix(solve(report$jointPrecision)) else report$cov.fixed
  value <- fit$obj$fn(par)  # last, so that last.par is the solution
  everything <- fit$obj$env$last.par
  at <- names(if (reml) everything else par) == "beta"
  beta <- everything[names(everything) == "beta"]
  plain <- unname(vcov[at, at])
  if (max(abs(sqrt(diag(plain)) / summary(fit)$coefficients$cond[, 2] - 1)) > 1e-3) stop("glmmTMB's own summary differs")
  list(
    formula = ours, reml = reml, criterion = 2 * as.numeric(value), gradient = max(abs(fit$obj$gr(par))),
    coefficients = data.frame(term = names(fixef(fit)$cond), estimate = unname(beta), std_error = sqrt(diag(plain))), vcov = plain
  )
}
both <- function(formula, ours = deparse1(formula), held = FALSE)
  list(reml = shown(formula, ours, TRUE, held), ml = shown(formula, ours, FALSE, held))
fixed <- "score ~ visit * (format + baseline) + practice"
write_pair(list(
  software = versions("glmmTMB", "TMB"), data = "partial.csv",
  intercept = both(score ~ visit * (format + baseline) + practice + (1 | patient)),
  slope = both(score ~ month * format + baseline + (1 | patient) + (0 + month | patient)),
  partially_nested = both(score ~ visit * (format + baseline) + practice + (0 + is_group | cohort) + (1 | patient)),
  unstructured = both(score ~ visit * (format + baseline) + practice + us(0 + visit | patient),
                      paste(fixed, "+ us(visit | patient)"), held = TRUE)
))
