# Scores after dropout under jump to reference, copy increments and copy reference: the distribution given what was seen,
# for drawn means and covariances, by the definitions of Carpenter, Roger and Kenward (2013) as mean vectors and
# covariance matrices of all visits. The baseline is a covariate: both arms' means are those given the patient's baseline.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))

given_baseline <- function(mean, sigma, y0) mean[-1] + sigma[-1, 1] / sigma[1, 1] * (y0 - mean[1])
left_over <- function(sigma) sigma[-1, -1, drop = FALSE] - sigma[-1, 1] %*% t(sigma[1, -1]) / sigma[1, 1]

# The joint mean and covariance of all visits after baseline; `seen` of them are before dropout.
joint <- function(assumption, own, reference, mine, theirs, seen) {
  visits <- seq_along(own); before <- visits <= seen
  if (assumption == "copy reference") return(list(mean = reference, sigma = theirs))
  mean <- ifelse(before, own, reference)
  if (assumption == "copy increments in reference" && seen > 0) mean[!before] <- own[seen] + reference[!before] - reference[seen]
  sigma <- theirs
  if (seen > 0) {  # mine before dropout; the regression of later visits on earlier ones and its residual are theirs
    b <- theirs[!before, before, drop = FALSE] %*% solve(theirs[before, before, drop = FALSE])
    sigma[before, before] <- mine[before, before]
    sigma[!before, before] <- b %*% mine[before, before]
    sigma[before, !before] <- t(sigma[!before, before])
    sigma[!before, !before] <- theirs[!before, !before] - b %*% (theirs[before, before] - mine[before, before]) %*% t(b)
  }
  list(mean = mean, sigma = sigma)
}
given_seen <- function(one, values) {
  seen <- length(values)
  if (seen == 0) return(list(mean = one$mean, covariance = one$sigma))
  before <- seq_along(one$mean) <= seen
  b <- one$sigma[!before, before, drop = FALSE] %*% solve(one$sigma[before, before, drop = FALSE])
  list(mean = as.vector(one$mean[!before] + b %*% (values - one$mean[before])),
       covariance = one$sigma[!before, !before, drop = FALSE] - b %*% one$sigma[before, !before, drop = FALSE])
}
set.seed(20261128)
covariance <- function(n) { root <- matrix(rnorm(n * n), n); round(crossprod(root) + diag(n), 4) }
cases <- list()
for (k in 1:8) for (seen in 0:2) for (assumption in c("jump to reference", "copy increments in reference", "copy reference")) {
  own <- round(rnorm(4, 20, 5), 3); reference <- round(rnorm(4, 20, 5), 3); cohort <- round(rnorm(1), 3)
  mine <- covariance(4); theirs <- covariance(4); values <- round(rnorm(seen + 1, 20, 6), 3)
  one <- joint(assumption, given_baseline(own, mine, values[1]) + cohort, given_baseline(reference, theirs, values[1]),
               left_over(mine), left_over(theirs), seen)
  found <- given_seen(one, values[-1])
  cases[[length(cases) + 1]] <- list(assumption = assumption, own = own, reference = reference, cohort = cohort, mine = mine,
    theirs = theirs, values = as.list(values), mean = as.list(found$mean), covariance = as.matrix(found$covariance))
}
write_pair(list(software = versions(), cases = cases))
