//! Tests of the public interface and of the programs, in one binary; those of a feature with it.

mod batch_noise;
mod batch_norm;
#[cfg(feature = "experiment")]
mod bundles;
mod class_losses;
#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "cli")]
mod cli_answer;
#[cfg(feature = "cli")]
mod cli_compare;
#[cfg(feature = "cli")]
mod cli_completions;
#[cfg(feature = "cli")]
mod cli_files;
#[cfg(feature = "cli")]
mod cli_folder;
#[cfg(feature = "cli")]
mod cli_grid;
#[cfg(feature = "cli")]
mod cli_noise;
#[cfg(feature = "cli")]
mod cli_pictures;
#[cfg(feature = "cli")]
mod cli_predict;
#[cfg(feature = "cli")]
mod cli_recipe;
#[cfg(feature = "cli")]
mod cli_resume;
#[cfg(feature = "cli")]
mod cli_rivals;
#[cfg(feature = "cli")]
mod cli_robustness;
#[cfg(feature = "cli")]
mod cli_shards;
#[cfg(all(feature = "cli", unix))]
mod cli_signals;
#[cfg(all(feature = "cli", unix))]
mod cli_streams;
#[cfg(feature = "cli")]
mod cli_tables;
#[cfg(feature = "cli")]
mod cli_tensorboard;
#[cfg(feature = "cli")]
mod cli_test_data;
#[cfg(feature = "cli")]
mod cli_usage;
#[cfg(feature = "experiment")]
mod compare;
#[cfg(feature = "cli")]
mod compare_runs;
#[cfg(feature = "experiment")]
mod conclude;
#[cfg(feature = "cli")]
mod content;
#[cfg(all(feature = "cuda", feature = "cli"))]
mod cuda;
#[cfg(feature = "experiment")]
mod data;
mod early_stopping;
#[cfg(feature = "cli")]
mod event_files;
#[cfg(all(feature = "cli", target_os = "linux"))]
mod faults;
#[cfg(feature = "experiment")]
mod files_of_data;
#[cfg(feature = "experiment")]
mod files_to_predict;
mod floors;
mod frozen;
#[cfg(feature = "cli")]
mod golden;
mod gradients;
#[cfg(feature = "experiment")]
mod grid;
#[cfg(feature = "cli")]
mod grid_robustness;
#[cfg(feature = "cli")]
mod grid_text;
mod kernels;
mod labels;
mod loss;
#[cfg(feature = "experiment")]
mod networks;
mod nn;
mod noise;
mod noise_controls;
mod noise_family;
mod noise_laws;
mod noise_members;
mod noise_paths;
mod noisy;
mod optim;
mod optim_checks;
mod optim_noise;
mod optim_pytorch;
#[cfg(feature = "experiment")]
mod own;
#[cfg(feature = "cli")]
mod pictures;
#[cfg(feature = "experiment")]
mod places;
mod precision;
#[cfg(feature = "experiment")]
mod properties;
mod pytorch;
#[cfg(feature = "experiment")]
mod pytorch_models;
#[cfg(feature = "experiment")]
mod repeats;
mod resume;
#[cfg(feature = "experiment")]
mod rivals;
#[cfg(feature = "experiment")]
mod robust;
mod sampling;
mod seeded;
mod shapes;
#[cfg(feature = "experiment")]
mod tables_inspect;
#[cfg(feature = "experiment")]
mod tables_reading;
#[cfg(feature = "experiment")]
mod tables_split;
mod targets;
#[cfg(feature = "cli")]
mod tasks;
mod train;
mod train_options;
mod trainer;
#[cfg(feature = "experiment")]
mod tutorial;
#[cfg(feature = "cli")]
mod upgrade;
mod variables;
#[cfg(feature = "experiment")]
mod verdict_laws;
mod weight_noise;
mod weight_passes;
mod wrappers;
