//! Tests of the public interface and of the programs, in one binary.

mod cli;
mod cli_grid;
mod cli_resume;
mod cli_shards;
mod compare;
mod content;
#[cfg(feature = "cuda")]
mod cuda;
mod data;
mod early_stopping;
mod files_of_data;
mod floors;
mod golden;
mod grid;
mod kernels;
mod labels;
mod loss;
mod networks;
mod nn;
mod noise;
mod noise_family;
mod noise_laws;
mod noise_members;
mod optim;
mod optim_noise;
mod pytorch;
mod repeats;
mod resume;
mod tasks;
mod train;
mod tutorial;
mod weight_noise;
