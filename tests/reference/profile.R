# Profile intervals of standard deviations: lme4's own (of the ordinary likelihood), and for REML the two roots of the
# criterion minimised over everything else, found here with uniroot; the same by ML where variances are 0 at the maximum.
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

# Patients in cohorts where variances are 0 at the maximum, by ML: at a limit of one parameter another variance may have
# left 0. lme4's own profile loses its way there (non-monotonic), so each limit is a root of the criterion of the dense
# likelihood, minimised over the other variances (0 allowed) from several starts.
nested <- read_data("zero_variances")
at_zero <- function(d) {
  x <- model.matrix(~ month, d)
  parts <- list(cohort = tcrossprod(model.matrix(~ 0 + factor(cohort), d)), patient = tcrossprod(model.matrix(~ 0 + factor(patient), d)), residual = diag(nrow(x)))
  deviance <- function(values) {
    r <- chol(Reduce(`+`, Map(`*`, values, parts)))
    e <- qr.resid(qr(backsolve(r, x, transpose = TRUE)), backsolve(r, d$score, transpose = TRUE))
    sum(e^2) + 2 * sum(log(diag(r))) + nrow(x) * log(2 * pi)
  }
  lower <- c(cohort = 0, patient = 0, residual = 1e-6)
  minimise <- function(held = character(), at = NULL) {
    free <- setdiff(names(lower), held)
    f <- function(p) { all <- lower; all[free] <- p; all[held] <- at; deviance(all) }
    starts <- expand.grid(rep(list(c(.05, .4, 1)), length(free)))
    found <- apply(starts, 1, function(s) nlminb(s, f, lower = lower[free], control = list(rel.tol = 1e-13, x.tol = 1e-12))[c("objective", "par")])
    found[[which.min(sapply(found, `[[`, "objective"))]]
  }
  best <- minimise()
  excess <- function(held, at) minimise(held, at)$objective - best$objective - qchisq(.95, 1)
  each <- lapply(seq_along(lower), function(i) {
    held <- names(lower)[i]
    estimate <- best$par[[i]]
    low <- if (held != "residual" && excess(held, 0) <= 0) 0 else uniroot(function(s) excess(held, s), c(max(lower[i], 1e-4), estimate), tol = 1e-9)$root
    c(low, uniroot(function(s) excess(held, s), c(estimate, estimate + 5), tol = 1e-9)$root)
  })
  data.frame(parameter = names(lower), ci_low = sapply(each, `[`, 1), ci_high = sapply(each, `[`, 2))
}
write_pair(list(
  software = versions("lme4"), data = "partial.csv", formula = deparse1(formula), level = .95,
  ml_standard_deviations = frame(intervals[rownames(intervals) != "beta", , drop = FALSE]),
  reml_criterion = best$value,
  reml_variances = data.frame(grouping = c("cohort", "patient", "residual"), estimate = unname(estimate),
    ci_low = sapply(rows, "[", 1), ci_high = sapply(rows, "[", 2)),
  zero_variances = lapply(split(nested, nested$set), at_zero)
))
