# Many small data sets drawn at random, fitted by lmerTest with pbkrtest and emmeans in one run: the other side of
# tests/mixed/test_differential.py. Nested and crossed groupings, empty cells, strange types, levels and names.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
suppressMessages(library(emmeans))
emm_options(lmer.df = "satterthwaite")
quiet <- function(x) suppressMessages(suppressWarnings(x))
# Levels sorted by code points, as Python sorts, whatever the language of the machine.
as_levels <- function(x) factor(x, levels = sort(unique(x), method = "radix"))

level_names <- list(c("plc", "drug", "old"), c("10", "9", "1"), c("a b", "a-b", "a:b"), c("\u00e4rm", "zweig", "\u00d8"), c("B", "a", "C"))
draw <- function(k) {
  n <- sample(18:48, 1)
  levels <- level_names[[sample(length(level_names), 1)]]
  data <- data.frame(
    id = sprintf("p%02d", sample(sample(5:12, 1), n, TRUE)), item = sample(c("i1", "i2", "i3", "i4", "i5"), n, TRUE),
    arm = sample(levels, n, TRUE, c(.5, .3, .2)), visit = sample(c("w0", "w1", "w2"), n, TRUE, c(.5, .3, .2)),
    flag = sample(c(TRUE, FALSE), n, TRUE, c(.3, .7)), zero_one = sample(0:1, n, TRUE), dose = sample(c(5, 20), n, TRUE),
    age = sample(20:70, n, TRUE), time = round(runif(n, 0, 6), 1)
  )
  data$school <- c("north", "south", "west", "east")[1 + as.integer(factor(data$id)) %% sample(2:4, 1)]
  if (runif(1) < .4) {  # a combination without rows, or two
    cells <- unique(data[, c("arm", "visit")])
    gone <- cells[sample(nrow(cells), sample(1:2, 1)), ]
    data <- data[!(paste(data$arm, data$visit) %in% paste(gone$arm, gone$visit)), ]
  }
  spread <- sample(c(0, .5, 1, 3), 1)
  data$y <- round(10 + rnorm(nrow(data)) + spread * rnorm(12)[as.integer(factor(data$id))] + .3 * rnorm(5)[as.integer(factor(data$item))] +
    .2 * data$time + data$flag, 3)
  names(data)[names(data) == "arm"] <- sample(c("arm", "my arm", "t.x", "class", "C", "T"), 1)
  rownames(data) <- NULL
  data
}
fixed <- c("ARM + visit", "ARM * visit", "ARM * time", "ARM + age + time", "ARM * flag + age", "ARM + zero_one * visit", "ARM + dose + visit",
           "visit + ARM:visit", "ARM + I(time^2) + time", "ARM * visit + age", "ARM * visit * flag", "school + ARM")
bars <- c("(1 | id)", "(1 | id) + (1 | item)", "(1 | school/id)", "(time | id)", "(1 | id) + (0 + time | id)", "(1 | item)")

numbers <- function(x) unname(as.list(signif(x, 9)))
one <- function(k) {
  data <- draw(k)
  arm <- setdiff(names(data), c("id", "item", "visit", "flag", "zero_one", "dose", "age", "time", "school", "y"))
  written <- paste("y ~", gsub("ARM", paste0("`", arm, "`"), sample(fixed, 1)), "+", sample(bars, 1))
  framed <- data
  for (column in c(arm, "visit", "id", "item", "school")) framed[[column]] <- as_levels(data[[column]])
  formula <- as.formula(written, env = environment())
  fit <- tryCatch(quiet(lmerTest::lmer(formula, framed, control = tight)), error = function(e) NULL)
  if (is.null(fit) || length(fixef(fit)) + 3 > nrow(data)) return(NULL)
  result <- tryCatch({
    sat <- quiet(coef(summary(fit, ddf = "Satterthwaite"))); kr <- quiet(coef(summary(fit, ddf = "Kenward-Roger")))
    f_sat <- quiet(anova(fit, ddf = "Satterthwaite")); f_kr <- quiet(anova(fit, ddf = "Kenward-Roger"))
    means <- quiet(as.data.frame(emmeans(fit, arm)))
    needed <- intersect(names(data), all.vars(formula))
    list(name = k, formula = written, arm = arm, data = as.list(data[, needed]), criterion = as.numeric(REMLcrit(fit)), singular = isSingular(fit),
         estimate = numbers(sat[, 1]), sat = list(se = numbers(sat[, 2]), df = numbers(sat[, 3])), kr = list(se = numbers(kr[, 2]), df = numbers(kr[, 3])),
         terms = as.list(rownames(f_sat)), f_sat = list(n = numbers(f_sat[[3]]), d = numbers(f_sat[[4]]), f = numbers(f_sat[[5]])),
         f_kr = list(n = numbers(f_kr[[3]]), d = numbers(f_kr[[4]]), f = numbers(f_kr[[5]])),
         means = list(level = as.character(means[[1]]), estimate = numbers(means$emmean), se = numbers(means$SE), df = numbers(means$df)))
  }, error = function(e) NULL)
  result
}
set.seed(20261127)
cases <- Filter(Negate(is.null), lapply(seq_len(500), one))
out <- gzfile(file.path(folder, "differential.json.gz"), "wb")
writeLines(toJSON(list(software = versions("lme4", "lmerTest", "pbkrtest", "emmeans"), cases = cases), digits = I(9), auto_unbox = TRUE, na = "null"), out, useBytes = TRUE)
close(out)
cat(length(cases), "cases\n")
