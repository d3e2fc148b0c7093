# Risks by format from a logistic GEE with independent working correlation, cohorts as clusters in the group format and
# patients alone otherwise: geepack's estimates and robust covariance, and the covariance of Mancl & DeRouen (2001) by
# its definition, cluster by cluster; risks standardised over the patients, with delta-method standard errors.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
suppressWarnings(suppressMessages(library(geepack)))
data <- read_data("partial")
data <- data[!duplicated(data$patient), ]
data$event <- as.numeric(data$score <= median(data$score))
data$cluster <- as.integer(factor(ifelse(data$format == "group", paste("cohort", data$cohort), paste("patient", data$patient))))
data <- data[order(data$cluster), ]
standardised <- function(fit, covariance, x) {
  beta <- coef(fit)
  at <- function(arm) { rows <- x; rows[, "formatgroup"] <- arm; rows }
  risk <- function(arm) mean(plogis(at(arm) %*% beta))
  slope <- function(arm) { p <- as.vector(plogis(at(arm) %*% beta)); colMeans(at(arm) * p * (1 - p)) }
  g <- slope(1); i <- slope(0); rg <- risk(1); ri <- risk(0)
  error <- function(s) sqrt(as.numeric(t(s) %*% covariance %*% s))
  list(group = rg, individual = ri, difference = rg - ri, difference_se = error(g - i),
       log_ratio = log(rg / ri), log_ratio_se = error(g / rg - i / ri))
}
block <- function(formula) {
  fit <- geeglm(formula, family = binomial, data = data, id = cluster, corstr = "independence",
                control = geese.control(epsilon = 1e-12, maxit = 100))
  x <- model.matrix(formula, data); mu <- as.vector(plogis(x %*% coef(fit))); y <- data$event
  bread <- solve(t(x) %*% (x * mu * (1 - mu)))
  meat <- matrix(0, ncol(x), ncol(x))
  for (rows in split(seq_along(y), data$cluster)) {
    xi <- x[rows, , drop = FALSE]; vi <- mu[rows] * (1 - mu[rows])
    hat <- (vi * xi) %*% bread %*% t(xi)
    u <- t(xi) %*% solve(diag(length(rows)) - hat, y[rows] - mu[rows])
    meat <- meat + u %*% t(u)
  }
  corrected <- bread %*% meat %*% bread
  list(formula = deparse1(formula), terms = colnames(x), estimates = unname(coef(fit)),
       robust_se = unname(sqrt(diag(vcov(fit)))), mancl_derouen_se = unname(sqrt(diag(corrected))),
       standardised = standardised(fit, corrected, x))
}
write_pair(list(software = versions("geepack"), data = "partial.csv", median = median(data$score),
  adjusted = block(event ~ format + baseline), unadjusted = block(event ~ format)))
