# What emmeans puts on its reference grid: numbers with two values, true and false, factors within others, empty cells.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
suppressMessages(library(emmeans))
emm_options(lmer.df = "satterthwaite")
quiet <- function(x) suppressMessages(suppressWarnings(x))
tidy <- function(x) {
  frame <- as.data.frame(summary(x, infer = c(TRUE, TRUE)))
  attributes(frame) <- attributes(frame)[c("names", "row.names", "class")]
  names(frame)[names(frame) == "emmean"] <- "estimate"
  for (column in names(frame)) if (is.factor(frame[[column]])) frame[[column]] <- as.character(frame[[column]])
  frame[, setdiff(names(frame), c("lower.CL", "upper.CL"))]
}

set.seed(20261127)
n <- 140
data <- data.frame(id = sprintf("p%02d", sample(1:28, n, TRUE)), arm = sample(c("plc", "drug", "old"), n, TRUE, c(.5, .3, .2)),
                   visit = sample(c("w0", "w1", "w2"), n, TRUE, c(.5, .3, .2)), flag = sample(c(TRUE, FALSE), n, TRUE, c(.3, .7)),
                   zero_one = sample(0:1, n, TRUE, c(.8, .2)), dose = sample(c(5, 20), n, TRUE, c(.6, .4)), age = round(rnorm(n, 40, 9)))
data$school <- sample(c("north", "south", "west"), n, TRUE)
rooms <- list(north = c("n1", "n2"), south = c("s1", "s2", "s3"), west = "w1")
data$room <- sapply(data$school, function(s) sample(rooms[[s]], 1))
data$seat <- paste0(data$room, sample(c("a", "b"), n, TRUE, c(.7, .3)))
data$part <- sample(c("first", "second"), n, TRUE)   # labels used anew in each school
data$y <- round(10 + rnorm(n) + rnorm(28)[as.integer(factor(data$id))] + (data$arm == "drug") * data$zero_one + data$flag + .02 * data$age, 3)
empty <- data[!(data$arm == "plc" & data$visit == "w2"), ]

case <- function(name, formula, rows, ...) {
  frame <- if (rows == "all") data else empty
  environment(formula) <- environment()
  fit <- quiet(lmerTest::lmer(formula, frame, control = tight))
  asked <- list(...)
  results <- lapply(asked, function(one) {
    args <- c(list(fit), one$emmeans)
    grid <- tryCatch(quiet(do.call(emmeans, args)), error = function(e) NULL)  # nested in nested fails in emmeans 1.8.4
    if (is.null(grid)) return(list(specs = as.list(one$specs), by = as.list(one$by), weights = one$weights, at = one$at))
    list(specs = as.list(one$specs), by = as.list(one$by), weights = one$weights, at = one$at, means = quiet(tidy(grid)),
         contrasts = quiet(tidy(contrast(grid, "revpairwise", adjust = "none"))))
  })
  list(name = name, formula = deparse1(formula, width.cutoff = 500), rows = rows, asked = results)
}
ask <- function(specs, by = NULL, weights = "equal", at = NULL) {
  list(specs = specs, by = by, weights = weights, at = at,
       emmeans = c(list(specs = specs), if (length(by)) list(by = by), if (weights != "equal") list(weights = weights), if (length(at)) list(at = at)))
}
write_pair(list(software = versions("lme4", "lmerTest", "emmeans"), data = as.list(data), cases = list(
  case("zero and one", y ~ arm * zero_one + age + (1 | id), "all", ask("arm"), ask("arm", weights = "proportional"),
       ask("zero_one"), ask("arm", "zero_one"), ask("arm", at = list(zero_one = .25))),
  case("two doses", y ~ arm * log(dose) + visit + (1 | id), "all", ask("arm"), ask("dose"), ask("visit", weights = "proportional")),
  case("true and false", y ~ arm * flag + age + (1 | id), "all", ask("arm"), ask("flag"), ask("arm", "flag"), ask("arm", weights = "proportional")),
  case("rooms in schools", y ~ school + room + arm + (1 | id), "all", ask("school"), ask("arm"), ask("room"), ask("arm", weights = "proportional"), ask("school", weights = "proportional")),
  case("seats in rooms in schools", y ~ school + room + seat + visit + (1 | id), "all", ask("school"), ask("visit"), ask("room")),
  case("parts of schools", y ~ school + school:part + arm + (1 | id), "all", ask("school"), ask("arm"), ask("part"), ask("school", weights = "proportional")),
  case("an empty cell", y ~ arm * visit + age + (1 | id), "empty", ask("arm", "visit"), ask("arm"), ask("visit")),
  case("an empty cell without interaction", y ~ arm + visit + age + (1 | id), "empty", ask("arm", "visit"), ask("arm", weights = "proportional")),
  case("a covariate that another repeats", y ~ arm + age + I(2 * age) + (1 | id), "all", ask("arm"), ask("arm", at = list(age = 50)))
)))
