//! What statisticians write who come from R, pandas or numpy, and where the library has it.

/// Where the library has what has another name elsewhere, after "write" or as a sentence.
pub(crate) fn elsewhere(name: &str) -> Option<&'static str> {
    Some(match name {
        "sd" | "std" | "stdev" | "pstdev" | "stddev" | "std_dev" => {
            "standard deviations of fixed-point columns are `sample_sd` and `population_sd` in `std::inference`"
        }
        "var" | "pvariance" => {
            "variances are `sample_variance` and `population_variance` in `std::inference`, and `variance` of integers in `std::stats`"
        }
        "cor" | "corr" | "corrcoef" | "pearsonr" | "spearmanr" | "correlation" => {
            "correlations are `pearson` and `spearman` in `std::inference`"
        }
        "cov" => "write `covariance`, in `std::inference`",
        "ttest" | "t_test" | "ttest_ind" => "the t-test is `welch` in `std::inference`",
        "lm" | "ols" | "OLS" | "linregress" | "lstsq" | "polyfit" | "linear_regression" => {
            "linear regressions are `line` and `least_squares` in `std::inference`"
        }
        "glm" | "logit" | "Logit" | "logistic" | "logistic_regression" => {
            "logistic regressions are `logistic_newton` and `logistic_gradient` in `std::ml`"
        }
        "wilcoxon" | "wilcox_test" | "mannwhitneyu" | "ranksums" => {
            "the rank test is `mann_whitney` in `std::inference`"
        }
        "chi2" | "chisq_test" | "chisquare" | "chi2_contingency" => {
            "the test is `chi_square` in `std::inference`"
        }
        "survfit" | "KaplanMeier" | "kaplan" | "survdiff" | "logrank" | "logrank_test" => {
            "survival curves are `kaplan_meier` and `log_rank` in `std::survival`"
        }
        "groupby" | "aggregate" | "agg" | "tapply" | "summarise" | "summarize" => {
            "groups are `group_by`, `group_by_key` and `pivot` in `std::table`"
        }
        "value_counts" | "bincount" | "tabulate" | "crosstab" => {
            "counts by number are `tally` in `std::stats`, and by two numbers `pivot` in `std::table`"
        }
        "avg" | "nanmean" | "colMeans" => {
            "write `average(xs)`; of values of which some are missing, count and add up those that are there: `if let Some(x) = v { n += 1; sum += x; }`"
        }
        "nansum" | "total" | "colSums" => {
            "write `xs.sum()`; of values of which some are missing, add up those that are there: `if let Some(x) = v { sum += x; }`"
        }
        "prod" | "cumprod" => "write `xs.fold(1, |so_far, x| so_far * x)`",
        "clip" | "clamp" => "write `min(max(x, low), high)`",
        "diff" => "write `xs.windows(2).map(|w| w[1] - w[0])`",
        "describe" | "summary" => {
            "`mean`, `median`, `quantile`, `min`, `max` and `histogram` are in `std::stats`: return a struct with those that are meant"
        }
        "mode" => "write `tally`, in `std::stats`, and `argmax` of what it gives",
        "isnull" | "isna" | "notna" | "notnull" | "fillna" => {
            "a value that may be missing is an `Option`: `x.is_some()`, `x.unwrap_or(0)`"
        }
        "hist" | "cut" => "write `histogram`, in `std::stats`",
        "percentile" | "nanpercentile" | "nanquantile" => {
            "write `quantile(xs, 9, 10)` for nine tenths, in `std::stats`; of fixed-point numbers it is in `std::inference`"
        }
        "unique" | "drop_duplicates" | "nunique" => {
            "write `distinct`, in `std::table`; `std::set` has `distinct_size`"
        }
        "cumsum" => "write a loop: `total += x; sums[i] = total;`",
        "which_max" | "idxmax" => "write `argmax`, in `std::stats`",
        "which_min" | "idxmin" => "write `argmin`, in `std::stats`",
        "sort_values" | "order" | "order_by" | "orderBy" | "sort_by" | "argsort" => {
            "write `sort`, `sort_by_key` or `rank`, in `std::sort`"
        }
        "log" => "write `ln`, in `std::math`; `log2` is there, too",
        "log10" => "write `ln(x) * 0.4342944819`, with `ln` of `std::math`",
        "sqrt" | "abs" | "floor" | "ceil" | "round" | "trunc" | "average" => {
            "it needs no `use`: call it as it is"
        }
        "linspace" | "arange" | "seq" => {
            "write the numbers, `[0, 10, 20, 30]`, or a loop: `for i in 0..11 { edges[i] = i as u32 * 10; }`"
        }
        "nlargest" | "slice_max" => "write `top_k`, in `std::sort`",
        "inner_join" | "vlookup" => "write `join`, in `std::table`",
        "years" | "strftime" | "resample" | "date_trunc" | "weekdays" | "wday" | "isoweekday"
        | "dayofweek" => "parts of dates are `year`, `month`, `day` and `weekday` in `std::date`",
        "subset" | "where" => {
            "functions of rows that meet a condition end in `_where`: `median_where(ages, treated)`"
        }
        "first_past_the_post" | "fptp" => "write `plurality`, in `std::vote`",
        "prefix" | "like" | "ilike" | "startsWith" | "startswith" => {
            "write `starts_with`, in `std::text`"
        }
        "geometric" => "noise on integers is `laplace` in `std::dp`",
        "kmeans" | "KMeans" => "write `k_means`, in `std::ml`",
        _ => return None,
    })
}
