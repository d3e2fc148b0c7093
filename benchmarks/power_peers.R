# CPU seconds of powerlmm on the first plan of power.py: Rscript power_peers.R repeats. Where powerlmm is not installed, the
# environment variable POWERLMM names the folder of its R files. One JSON object on standard output.
suppressWarnings(suppressMessages({library(Matrix); library(lme4)}))
if (requireNamespace("powerlmm", quietly = TRUE)) library(powerlmm) else {
  files <- list.files(Sys.getenv("POWERLMM"), pattern = "[.][rR]$", full.names = TRUE)
  if (!length(files)) stop("powerlmm is not installed, and POWERLMM names no folder of its R files")
  for (file in files) source(file)
  ginv <- MASS::ginv
}
repeats <- as.integer(commandArgs(trailingOnly = TRUE)[1])
found <- lapply(c(4, 11), function(times) {
  plan <- study_parameters(
    n1 = times, T_end = 3, n2 = per_treatment(control = 50, treatment = 5), n3 = per_treatment(control = 1, treatment = 10),
    sigma_subject_intercept = 6, sigma_subject_slope = 1.1, sigma_cluster_intercept = 1.5, sigma_cluster_slope = 0.6,
    sigma_error = 4.5, cor_subject = -0.2, cor_cluster = 0, partially_nested = TRUE, effect_size = -4
  )
  get_power(plan, df = "satterthwaite")
  began <- proc.time()
  for (i in seq_len(repeats)) result <- get_power(plan, df = "satterthwaite")
  list(times = times, seconds = sum((proc.time() - began)[1:2]) / repeats, power = result$power, df = result$df, std_error = result$se)
})
cat(jsonlite::toJSON(found, digits = 12, auto_unbox = TRUE))
