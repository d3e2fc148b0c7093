# Rubin's rules with Barnard and Rubin's degrees of freedom by mice: estimates of made-up data sets, and their pooling.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
suppressWarnings(suppressMessages(library(mice)))
case <- function(name, estimates, std_errors, complete_df) {
  pooled <- pool.scalar(estimates, std_errors^2, n = complete_df + 1, k = 1)
  list(name = name, estimates = estimates, std_errors = std_errors,
       complete_df = if (is.finite(complete_df)) complete_df else NULL,
       estimate = pooled$qbar, within = pooled$ubar, between = pooled$b, total = pooled$t, df = pooled$df,
       lambda = (1 + 1 / pooled$m) * pooled$b / pooled$t)
}
set.seed(19)
write_pair(list(software = versions("mice"), cases = list(
  case("five, 28 df", c(1, 2, 3, 4, 5), rep(2, 5), 28),
  case("twenty, 7 df", rnorm(20, 3, 1), runif(20, 1, 2), 7),
  case("three, large sample", c(0.2, 0.9, -0.3), c(0.5, 0.6, 0.4), Inf),
  case("fifty, little missing", rnorm(50, -2, 0.05), runif(50, 1, 1.1), 31.5)
)))
