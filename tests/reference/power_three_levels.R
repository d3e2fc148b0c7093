# Analytic power by powerlmm 0.4.0 (github.com/rpsychologist/powerlmm): the slope by treatment of three-level models, with
# df by Satterthwaite. powerlmm is no longer on CRAN: where it is not installed, the environment variable POWERLMM names
# the folder of its R files. Rows are its own: who is lost in which cluster is drawn by it, and written down.
suppressWarnings(suppressMessages(library(Matrix)))
if (requireNamespace("powerlmm", quietly = TRUE)) {
  library(powerlmm)
  prepare_paras <- powerlmm:::prepare_paras
} else {
  files <- list.files(Sys.getenv("POWERLMM"), pattern = "[.][rR]$", full.names = TRUE)
  if (!length(files)) stop("powerlmm is not installed, and POWERLMM names no folder of its R files")
  for (file in files) source(file)
  ginv <- MASS::ginv
}
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))

# Of each subject: treatment, cluster, and at how many of the times it was seen (it never returns).
subjects <- function(d) {
  d <- d[!is.na(d$y), ]
  seen <- tapply(d$time, d$subject, length)
  first <- d[!duplicated(d$subject), ]
  lapply(list(treatment = first$treatment, cluster = as.integer(factor(first$cluster)),
              seen = as.integer(seen[as.character(first$subject)])), paste, collapse = " ")
}

planned <- function(...) {
  object <- study_parameters(...)
  set.seed(1)
  found <- get_power(object, df = "satterthwaite")
  set.seed(1)
  d <- simulate_data(prepare_paras(object))
  sd <- object[c("sigma_subject_intercept", "sigma_subject_slope", "sigma_cluster_intercept", "sigma_cluster_slope",
                 "sigma_error")]
  list(
    formula = create_lmer_formula(object), times = sort(unique(d$time)), sd = sd, cor_subject = object$cor_subject,
    cor_cluster = object$cor_cluster, slope_difference = get_slope_diff(object) / object$T_end,
    std_error = found$se, df = found$df, power = found$power, subjects = subjects(d)
  )
}

arms <- function(control, treatment) per_treatment(control = control, treatment = treatment)
study <- function(...) planned(sigma_subject_intercept = 6, sigma_subject_slope = 1.1, sigma_error = 4.5,
                               cor_subject = -0.2, effect_size = -4, ...)
lost <- arms(dropout_weibull(0.3, 0.7), dropout_weibull(0.5, 0.7))
one <- arms(1, 10)
write_pair(list(
  software = paste(versions("lme4", "Matrix"), "powerlmm 0.4.0"),
  partially_nested = study(n1 = 4, T_end = 3, n2 = arms(50, 5), n3 = one, partially_nested = TRUE,
                           sigma_cluster_intercept = 1.5, sigma_cluster_slope = 0.6),
  eleven_times = study(n1 = 11, T_end = 3, n2 = arms(50, 5), n3 = one, partially_nested = TRUE,
                       sigma_cluster_intercept = 1.5, sigma_cluster_slope = 0.6, cor_cluster = 0.4),
  no_cluster_variance = study(n1 = 4, T_end = 3, n2 = arms(50, 5), n3 = one, partially_nested = TRUE,
                              sigma_cluster_intercept = 0, sigma_cluster_slope = 0.6, cor_cluster = NA),
  lost = study(n1 = 4, T_end = 3, n2 = arms(50, 5), n3 = one, partially_nested = TRUE, dropout = lost,
               sigma_cluster_intercept = 1.5, sigma_cluster_slope = 0.6),
  both_in_clusters = study(n1 = 4, T_end = 3, n2 = 5, n3 = 10, sigma_cluster_intercept = 1.5, sigma_cluster_slope = 0.6,
                           dropout = lost)
))
