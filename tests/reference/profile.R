# Profile intervals of standard deviations: lme4's own (of the ordinary likelihood), and for REML the two roots of the
# criterion minimised over everything else, found here with uniroot.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
data <- read_data("partial")
formula <- score ~ month * format + baseline + practice + (0 + is_group | cohort) + (1 | patient)
ml <- lme4::lmer(formula, data, REML = FALSE, control = tight)
intervals <- confint(profile(ml, which = "theta_", signames = FALSE, devtol = 1e-6), level = .95)
frame <- function(m) data.frame(parameter = rownames(m), ci_low = unname(m[, 1]), ci_high = unname(m[, 2]))

# -2 log restricted likelihood as a function of the three variances, dense.
x <- model.matrix(ml)
zc <- model.matrix(~ 0 + cohort, data) * data$is_group
zp <- model.matrix(~ 0 + patient, data)
criterion <- function(cohort, patient, residual) {
  v <- cohort * tcrossprod(zc) + patient * tcrossprod(zp) + residual * diag(nrow(x))
  r <- tryCatch(chol(v), error = function(e) NULL)
  if (is.null(r)) return(1e10)
  xs <- backsolve(r, x, transpose = TRUE); ys <- backsolve(r, data$score, transpose = TRUE)
  q <- qr(xs)
  sum(qr.resid(q, ys)^2) + 2 * sum(log(diag(r))) + 2 * sum(log(abs(diag(qr.R(q))))) + (nrow(x) - ncol(x)) * log(2 * pi)
}
start <- c(cohort = 8, patient = 40, residual = 30)
minimise <- function(held, at) {
  free <- setdiff(names(start), held)
  f <- function(p) { all <- exp(p); if (!is.null(held)) all[held] <- at; do.call(criterion, as.list(all[names(start)])) }
  o <- nlminb(log(start[free]), f, control = list(rel.tol = 1e-12)); o$objective
}
best <- optim(log(start), function(p) do.call(criterion, as.list(exp(p))), method = "BFGS", control = list(reltol = 1e-14))
estimate <- exp(best$par)
excess <- function(held, at) minimise(held, at) - best$value - qchisq(.95, 1)
limits <- function(held) {
  low <- if (excess(held, 0) <= 0) 0 else uniroot(function(s) excess(held, s), c(1e-8, estimate[held]), tol = 1e-8)$root
  c(low, uniroot(function(s) excess(held, s), c(estimate[held], 10 * estimate[held] + 50), tol = 1e-8)$root)
}
rows <- lapply(names(start), limits)
write_pair(list(
  software = versions("lme4"), data = "partial.csv", formula = deparse1(formula), level = .95,
  ml_standard_deviations = frame(intervals[rownames(intervals) != "beta", , drop = FALSE]),
  reml_criterion = best$value,
  reml_variances = data.frame(grouping = c("cohort", "patient", "residual"), estimate = unname(estimate),
    ci_low = sapply(rows, "[", 1), ci_high = sapply(rows, "[", 2))
))
