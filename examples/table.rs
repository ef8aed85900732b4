//! A regression from a CSV: does noise help to predict the body mass of penguins?

use std::path::Path;

use candle_noise::data::split::Split;
use candle_noise::data::table::{ColumnChoice, ReadOptions, Table};
use candle_noise::experiment::Experiment;
use candle_noise::task::Tabular;

fn main() -> anyhow::Result<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/penguins.csv.gz");
    let options = ReadOptions::default().target("body_mass_g").column("year", ColumnChoice::Drop);
    let (table, reading) = Table::read(&file, &options)?;
    for decision in &reading.decisions {
        println!("{decision}");
    }

    let task = Tabular::new(table, Split::Folds(5))?.metric("mae")?;
    let outcome = Experiment::new(&task)
        .noise("input:0.1,0.3".parse()?)
        .noise("hidden:0.3".parse()?)
        .plan(|plan| plan.epochs = 50)
        .repeats(2)
        .run()?;
    println!("{}", outcome.sentence());
    Ok(())
}
