# F tests where few groups carry the contrast: denominator df below 4, at 2 and below 2, by pbkrtest and by lmerTest.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))

tests_of <- function(name, formula, data) {
  environment(formula) <- environment()
  fit <- lmerTest::lmer(formula, data, control = tight)
  hypotheses <- lmerTest:::get_contrasts_type3(fit)
  rows <- lapply(names(hypotheses), function(term) {
    l <- hypotheses[[term]]
    kr <- pbkrtest::KRmodcomp(fit, l)$stats
    sat <- contestMD(fit, l, ddf = "Satterthwaite")
    list(term = term, df_num = kr$ndf, kr_df = kr$ddf, kr_f = kr$Fstat, kr_p = if (kr$ddf > 0) kr$p.value else NA,
         sat_df = sat$DenDF, sat_f = sat[["F value"]], sat_p = sat[["Pr(>F)"]])
  })
  list(name = name, formula = deparse1(formula), reml_criterion = as.numeric(REMLcrit(fit)), data = as.list(data), tests = rows)
}

balanced <- data.frame(y = c(1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 15, 16, 18, 19, 20),
                       practice = rep(c("a", "b", "c"), each = 6), cohort = sprintf("c%d", rep(0:5, each = 3)))
data(beets, package = "pbkrtest")
beets <- data.frame(lapply(beets, function(x) if (is.factor(x)) as.character(x) else x))
beets$strip <- paste(beets$block, beets$harvest)

set.seed(20261127)
draw <- function(k) {
  n <- sample(4:9, 1); practices <- sample(2:4, 1); size <- sample(1:4, n, TRUE)
  cohort <- rep(seq_len(n), size)
  data <- data.frame(cohort = sprintf("c%d", cohort), practice = letters[sample(rep(seq_len(practices), length.out = n))][cohort],
                     x = sample(c("u", "v", "w"), length(cohort), TRUE))
  data$y <- round(rnorm(nrow(data)) + rnorm(n, 0, sample(c(.5, 1, 3), 1))[cohort], 3)
  data
}
drawn <- list()
while (length(drawn) < 30) {
  data <- draw()
  if (length(unique(data$practice)) < 2 || length(unique(data$x)) < 3 || nrow(data) < 9) next
  if (qr(model.matrix(~ practice + x, data))$rank < nlevels(factor(data$practice)) + 2) next
  one <- tryCatch(suppressWarnings(suppressMessages(
    tests_of(paste("drawn", length(drawn) + 1), y ~ practice + x + (1 | cohort), data))), error = function(e) NULL)
  if (!is.null(one)) drawn[[length(drawn) + 1]] <- one
}
write_pair(list(
  software = versions("lme4", "lmerTest", "pbkrtest"),
  cases = c(list(tests_of("balanced", y ~ practice + (1 | cohort), balanced),
                 tests_of("beets", sugpct ~ block + sow + harvest + (1 | strip), beets)), drawn)
))
