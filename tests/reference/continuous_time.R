# A residual correlation that falls with the days between two scores: exp(-|t - s| / range), by nlme's corExp; corCAR1 is
# the same model with phi = exp(-1 / range). The df of nlme are not to be matched.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
suppressMessages(library(nlme))
data <- read_data("partial")
data <- data[order(data$patient, data$month), ]
strict <- glsControl(tolerance = 1e-10, msTol = 1e-12, msMaxIter = 500, maxIter = 500)
table <- function(fit) data.frame(term = names(coef(fit)), estimate = unname(coef(fit)), std_error = unname(sqrt(diag(fit$varBeta))))
block <- function(formula, method) {
  fit <- eval(bquote(gls(.(formula), data, correlation = corExp(form = ~ month | patient), method = .(method), control = strict)))
  car <- eval(bquote(gls(.(formula), data, correlation = corCAR1(form = ~ month | patient), method = .(method), control = strict)))
  list(fixed = deparse1(formula), method = method, loglik = as.numeric(logLik(fit)), loglik_car1 = as.numeric(logLik(car)),
    sigma2 = fit$sigma^2, range = unname(coef(fit$modelStruct$corStruct, unconstrained = FALSE)),
    phi = unname(coef(car$modelStruct$corStruct, unconstrained = FALSE)), coefficients = table(fit))
}
with_intercept <- lme(score ~ month * format + baseline, data, random = ~ 1 | patient, correlation = corExp(form = ~ month | patient),
  method = "REML", control = lmeControl(tolerance = 1e-10, msTol = 1e-12, msMaxIter = 500, maxIter = 500))
write_pair(list(
  software = versions("nlme"), data = "partial.csv",
  reml = block(score ~ month * format + baseline, "REML"),
  ml = block(score ~ month * format + baseline, "ML"),
  with_intercept = list(loglik = as.numeric(logLik(with_intercept)), sigma2 = with_intercept$sigma^2,
    range = unname(coef(with_intercept$modelStruct$corStruct, unconstrained = FALSE)),
    patient_variance = as.numeric(VarCorr(with_intercept)[1, 1]),
    coefficients = data.frame(term = names(fixef(with_intercept)), estimate = unname(fixef(with_intercept)),
      std_error = unname(sqrt(diag(with_intercept$varFix)))))
))
