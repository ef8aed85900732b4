//! How figures are written for people.

/// How figures of one size are written: `0.948`, `0.0000250`, `2.50e12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digits {
    /// With this number of decimals.
    Decimals(usize),
    /// With a power of ten, and this number of decimals before it.
    Power(usize),
}

impl Digits {
    /// Returns how figures of this size are written: with three decimals, as many as three significant
    /// digits of a smaller one need, or with a power of ten if that takes too much space.
    pub fn of(figure: f64) -> Self {
        const LEAST: usize = 3;
        match figure.abs() {
            size if size == 0. || !size.is_finite() => Self::Decimals(LEAST),
            ..1e-5 | 1e7.. => Self::Power(2),
            size if size < 0.01 => Self::Decimals((2. - size.log10().floor()) as usize),
            _ => Self::Decimals(LEAST),
        }
    }

    /// Returns how figures are written beside each other: as the one that needs the most decimals, or as the largest
    /// if one of them takes a power of ten.
    pub fn of_all(figures: impl Iterator<Item = f64> + Clone) -> Self {
        let largest = figures.clone().fold(0., |largest: f64, own| largest.max(own.abs()));
        let decimals = |own: f64| match Self::of(own) {
            Self::Decimals(own) => Some(own),
            Self::Power(_) => None,
        };
        let all: Option<Vec<usize>> = figures.map(decimals).collect();
        let most = all.and_then(|own| own.into_iter().max());
        most.map_or(Self::of(largest), Self::Decimals)
    }

    /// Returns the same way of writing with more digits.
    #[must_use]
    pub fn more(self, count: usize) -> Self {
        match self {
            Self::Decimals(own) => Self::Decimals(own + count),
            Self::Power(own) => Self::Power(own + count),
        }
    }

    /// Returns a figure.
    pub fn text(self, figure: f64) -> String {
        match self {
            Self::Decimals(own) => format!("{figure:.own$}"),
            Self::Power(_) if figure == 0. => "0".to_string(),
            Self::Power(own) => format!("{figure:.own$e}"),
        }
    }

    /// Returns a figure as a reader sees it.
    pub fn rounded(self, figure: f64) -> f64 {
        self.text(figure).parse().unwrap_or(figure)
    }

    /// Returns a figure with its sign; one that rounds to 0 is `+0.000`.
    pub fn signed(self, figure: f64) -> String {
        let size = self.text(figure.abs());
        let is_below = figure < 0. && self.rounded(figure) != 0.;
        format!("{}{size}", if is_below { '-' } else { '+' })
    }
}

/// Formats a number for people: `0.01`, `1e-6`.
pub fn number(x: f64) -> String {
    if x > 0. && !(1e-4..1e9).contains(&x) { format!("{x:e}") } else { x.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_three_digits_in_little_space() {
        let text = |x| Digits::of(x).text(x);
        let figures = [0., 0.8, 51.25, 0.00987654, 2.5e-5, 9.9e-6, -3e-9, 9_999_999., 2.5e12];
        let texts = [
            "0.000",
            "0.800",
            "51.250",
            "0.00988",
            "0.0000250",
            "9.90e-6",
            "-3.00e-9",
            "9999999.000",
            "2.50e12",
        ];
        assert_eq!(figures.map(text), texts);
        assert_eq!(text(f64::NAN), "NaN");
        let beside = |own: &[f64]| Digits::of_all(own.iter().copied());
        assert_eq!(beside(&[0.2, -0.00312]), Digits::Decimals(5));
        assert_eq!(beside(&[0.2, -3e-9]), Digits::Decimals(3));
        assert_eq!(beside(&[2e-7, -3e-9]), Digits::Power(2));
        assert_eq!(beside(&[]), Digits::Decimals(3));
    }

    #[test]
    fn differences_have_a_sign() {
        let texts = [0.0123, -0.0004, 0., -0.0006].map(|x| Digits::Decimals(3).signed(x));
        assert_eq!(texts, ["+0.012", "+0.000", "+0.000", "-0.001"]);
        let texts = [1.234e10, -5.67e9, 0.].map(|x| Digits::Power(2).signed(x));
        assert_eq!(texts, ["+1.23e10", "-5.67e9", "+0"]);
    }
}
