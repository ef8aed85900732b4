//! Examples at the end of each program's help. A test parses each of them.

/// Examples of `candle-noise` itself.
pub(super) const TOOLS: &str = "\
Start here:
  candle-noise hidden_noise      train once with noise, with pictures
  candle-noise grid_search       does noise help, where, and how much?
  candle-noise grid_search --data FILE --target COLUMN
                                 the same for a table of your own

`candle-noise COMMAND --help` shows the flags of a command, with examples.";

pub(super) const BASELINE: &str = "\
Examples:
  candle-noise baseline --repeats 30
  candle-noise baseline --data penguins.csv --target species
  candle-noise baseline --early-stopping 50 --validation-size 20";

pub(super) const INPUT_NOISE: &str = "\
Examples:
  candle-noise input_noise --stddev 0.03 --repeats 30
  candle-noise input_noise --noise input:dropout:0.2
  candle-noise input_noise --data penguins.csv --target species --stddev 0.1";

pub(super) const HIDDEN_NOISE: &str = "\
Examples:
  candle-noise hidden_noise --stddev 0.3 --repeats 30
  candle-noise hidden_noise --stddev 0.3 --repeats 50 --resume
  candle-noise hidden_noise --noise hidden:0.3..0.03:cosine --out runs/cosine";

pub(super) const INPUT_HIDDEN_NOISE: &str = "\
Examples:
  candle-noise input_hidden_noise --stddev 0.01 --hidden-stddev 0.3
  candle-noise input_hidden_noise --noise input:0.01 --noise weights:0.05";

pub(super) const CNN_NOISE: &str = "\
Examples:
  candle-noise cnn_noise --stddev 0.3 --repeats 10
  candle-noise cnn_noise --noise input:crop:1
  candle-noise cnn_noise --data images.csv --shape 28x28";

pub(super) const LSTM_NOISE: &str = "\
Examples:
  candle-noise lstm_noise --stddev 0.3 --repeats 10
  candle-noise lstm_noise --placement input --stddev 0.1
  candle-noise lstm_noise --data train.ts,test.ts";

pub(super) const GRID_SEARCH: &str = "\
Examples:
  candle-noise grid_search --noise hidden:0.1,0.3 --data-seeds 1..20
  candle-noise grid_search --data penguins.csv --target species --rivals
  candle-noise grid_search --report runs/grid_search";

pub(super) const CIRCLES: &str = "\
Examples:
  candle-noise circles --samples 500 --data-noise 0.2
  candle-noise circles --plot-format svg --out runs/points";

pub(super) const PREDICT: &str = "\
Examples:
  candle-noise predict --model runs/baseline --data new.csv
  candle-noise predict --model runs/hidden_noise --data new.csv --draws 100
  candle-noise predict --model runs/baseline --data new.csv --out answers.csv";

pub(super) const DIAGNOSE: &str = "\
Examples:
  candle-noise diagnose --model runs/hidden_noise
  candle-noise diagnose --model runs/hidden_noise --plot penalty.svg";

pub(super) const ROBUSTNESS: &str = "\
Examples:
  candle-noise robustness --model runs/baseline --model runs/hidden_noise
  candle-noise robustness --model runs/cnn_noise --kinds gaussian,pgd-linf";

pub(super) const COMPARE: &str = "\
Examples:
  candle-noise compare runs/baseline runs/hidden_noise
  candle-noise compare runs/baseline runs/hidden_noise --table latex";

pub(super) const COMPLETIONS: &str = "\
Examples:
  candle-noise completions bash > \\
    ~/.local/share/bash-completion/completions/candle-noise
  candle-noise completions zsh > ~/.zfunc/_candle-noise
  candle-noise completions fish > ~/.config/fish/completions/candle-noise.fish";
