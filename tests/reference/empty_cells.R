# Type-3 tests with combinations of levels that have no row, by lmerTest and pbkrtest.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))

case <- function(name, formula, data) {
  environment(formula) <- environment()
  quiet <- function(x) suppressMessages(suppressWarnings(x))
  fit <- quiet(lmerTest::lmer(formula, data, control = tight))
  sat <- quiet(anova(fit)); kr <- quiet(anova(fit, ddf = "Kenward-Roger"))
  list(name = name, formula = deparse1(formula), data = as.list(data),
       tests = data.frame(term = rownames(sat), df_num = sat$NumDF, sat_df = sat$DenDF, sat_f = sat[["F value"]], sat_p = sat[["Pr(>F)"]],
                          kr_df = kr$DenDF, kr_f = kr[["F value"]], kr_p = kr[["Pr(>F)"]]))
}

data(Oats, package = "nlme")
oats <- data.frame(block = as.character(Oats$Block), variety = as.character(Oats$Variety), nitro = as.character(Oats$nitro),
                   y = Oats$yield)
oats <- oats[!(oats$variety == "Victory" & oats$nitro == "0.6"), ]

set.seed(11)
draw <- function() {
  n <- sample(30:60, 1)
  data <- data.frame(id = sample(sprintf("p%02d", 1:12), n, TRUE), a = sample(c("x", "y", "z"), n, TRUE),
                     b = sample(c("u", "v", "w", "t"), n, TRUE, c(.4, .3, .2, .1)), g = sample(c("q", "r"), n, TRUE), m = round(rnorm(n), 2))
  data$y <- round(rnorm(n) + rnorm(12)[as.integer(factor(data$id))], 3)
  cells <- unique(data[, c("a", "b")])
  cells <- cells[sample(nrow(cells), sample(1:3, 1)), ]
  data[!(paste(data$a, data$b) %in% paste(cells$a, cells$b)), ]
}
formulas <- list(y ~ a * b + (1 | id), y ~ a * b + a * g + m + (1 | id), y ~ a * b + a * m + (1 | id), y ~ a * b + g + m + (1 | id))
drawn <- lapply(1:12, function(k) case(paste("drawn", k), formulas[[1 + k %% 4]], draw()))
write_pair(list(software = versions("lme4", "lmerTest", "pbkrtest"),
                cases = c(list(case("oats", y ~ variety * nitro + (1 | block/variety), oats)), drawn)))
