//! The training loop: for each batch forward, loss, backward and step; then an evaluation.

use candle_core::backprop::GradStore;
use candle_core::{Error, Result, Tensor, Var, bail};
use candle_nn::ModuleT;

use super::batch::Batch;
use super::early_stopping::Stopper;
use super::evaluate::Evaluation;
use super::finite::finite_replicas;
use super::history::{History, ReplicaHistory};
#[cfg(feature = "cuda")]
use super::measured::Epoch;
use super::measured::{Measured, Unread};
use super::options::TrainOptions;
use super::rows::check_rows;
use super::shuffle::orders;
use crate::data::Samples;
use crate::metric::check_classes;
use crate::noise::{LabelNoise, WeightNoise};
use crate::ops::{Orders, backward, gradients};

/// Epoch-by-epoch training with a model and an optimizer owned by the caller.
pub(super) struct Epochs {
    train: Samples,
    orders: Orders,
    evaluation: Evaluation,
    pub labels: Option<LabelNoise>,
    /// Noise on the weights whose every step takes a second pass with the other sign.
    pub mirrored: Option<WeightNoise>,
    pub stopper: Option<Stopper>,
    pub options: TrainOptions,
    /// Number of finished epochs.
    pub finished: usize,
    pub history: History,
    pub unread: Unread,
    /// The parameters and running statistics, to see in each epoch that they are finite; none if they
    /// are not known.
    pub weights: Vec<Var>,
    /// Why the weights are not those after the last finished epoch, if they are not.
    pub moved: Option<&'static str>,
}

/// The names of the sets of rows, in the order of the evaluation.
pub(super) const SETS: [&str; 3] = ["training", "validation", "test"];

impl Epochs {
    /// Prepares training, without validation and test rows.
    pub fn new(train: Samples, options: TrainOptions) -> Result<Self> {
        options.check(train.rows())?;
        options.check_replicas(&train)?;
        check_rows(SETS[0], &train, &*options.objective)?;
        let metric = options.objective.metrics().first().map(|metric| metric.name().to_string());
        let mut unread = Unread::new(train.device());
        if options.lr_schedule.needs_validation() {
            unread.most = 1;
        }
        Ok(Self {
            orders: orders(&options.seeds, train.rows(), train.device())?,
            unread,
            evaluation: Evaluation::new([Some(train.clone()), None, None])?,
            history: History::new(metric.unwrap_or_default(), options.seeds.len()),
            train,
            labels: None,
            mirrored: None,
            stopper: None,
            options,
            finished: 0,
            weights: Vec::new(),
            moved: None,
        })
    }

    /// Sets the validation rows, which are set 1, or the test rows, which are set 2.
    pub fn with(mut self, set: usize, samples: Samples) -> Result<Self> {
        if self.finished > 0 {
            bail!("rows are set before the first epoch, received them after {}", self.finished)
        }
        self.options.check_replicas(&samples)?;
        check_rows(SETS[set], &samples, &*self.options.objective)?;
        let mut sets = self.evaluation.sets().clone();
        sets[set] = Some(samples);
        self.evaluation = Evaluation::new(sets)?;
        Ok(self)
    }

    /// Trains with noise on the labels, which must be those of the objective.
    pub fn with_labels(mut self, labels: LabelNoise) -> Result<Self> {
        let Self { options, train, .. } = &self;
        match options.objective.classes() {
            Some(classes) if classes == labels.classes() => {}
            Some(classes) => bail!(
                "expected label noise of {classes} classes, as {} has them, received {}",
                options.objective.name(),
                labels.classes()
            ),
            None => bail!(
                "label noise expects an objective of classes, received {}",
                options.objective.name()
            ),
        }
        let (_, ys) = train.range(0, train.rows())?;
        check_classes(&ys, labels.classes())
            .map_err(|error| Error::Msg(format!("label noise on the {} rows: {error}", SETS[0])))?;
        self.labels = Some(labels);
        Ok(self)
    }

    /// Returns the training, validation and test rows.
    pub fn sets(&self) -> &[Option<Samples>; 3] {
        self.evaluation.sets()
    }

    /// Returns the rows of all sets one after the other, if they are evaluated together.
    #[cfg(feature = "cuda")]
    pub fn small_sets(&self) -> Option<&Samples> {
        self.evaluation.together()
    }

    /// Returns whether no epoch is left or no replica is still training.
    pub fn have_ended(&self) -> bool {
        self.finished >= self.options.epochs || self.history.all_ended()
    }

    /// Continues earlier curves for as many epochs as the options say.
    pub fn after(mut self, history: History) -> Result<Self> {
        let own = &self.history;
        if history.replicas.is_empty() {
            return Ok(self);
        }
        if (&history.metric, history.replicas.len()) != (&own.metric, own.replicas.len()) {
            bail!(
                "expected curves of {} with replicas: {}, received those of {} with {}",
                own.metric,
                own.replicas.len(),
                history.metric,
                history.replicas.len()
            )
        }
        let validation = self.sets()[1].as_ref().map_or("without", |_| "with");
        let has_other = |own: &ReplicaHistory| {
            own.epochs() > 0 && (own.val.loss.len() == own.epochs()) != self.sets()[1].is_some()
        };
        if history.replicas.iter().any(has_other) {
            bail!(
                "expected curves of epochs {validation} validation samples, as these are, received \
                 others: a curve has no gaps"
            )
        }
        // A replica that has diverged has shorter curves.
        self.finished = history.replicas.iter().map(|own| own.epochs()).max().unwrap_or(0);
        self.options.epochs = self.options.epochs.saturating_add(self.finished);
        self.history = history;
        Ok(self)
    }

    /// Returns the learning rate in the next epoch, where `rate` is that of the factor 1.
    pub fn scheduled(&self, rate: f64) -> Result<f64> {
        self.scheduled_at(rate, self.finished + 1)
    }

    /// Returns the learning rate in an epoch, counted from 1.
    pub fn scheduled_at(&self, rate: f64, epoch: usize) -> Result<f64> {
        if !(0.0..f64::INFINITY).contains(&rate) {
            bail!("expected a learning rate that is finite and at least 0, received {rate}")
        }
        let (schedule, losses) = (self.options.lr_schedule, &self.history.replicas[0].val.loss);
        if schedule.needs_validation() && self.sets()[1].is_none() {
            bail!(
                "the schedule {schedule} follows the validation loss: expected validation samples"
            )
        }
        Ok(rate * schedule.factor(epoch, self.options.epochs, losses))
    }

    /// Trains and evaluates one epoch.
    pub fn run(
        &mut self,
        model: &dyn ModuleT,
        step: &mut dyn FnMut(&GradStore) -> Result<()>,
    ) -> Result<()> {
        if self.have_ended() {
            bail!("training has ended after epoch {}", self.finished)
        }
        self.check_state()?;
        self.moved = Some("an epoch failed on the way");
        let noisy = self.train_epoch(model, step)?;
        let [clean, val, test] = self.evaluation.measure(model, &*self.options.objective)?;
        self.moved = None;
        self.finished += 1;
        self.unread.push([noisy, clean, val, test]);
        if self.unread.is_due() || self.finished == self.options.epochs {
            self.read()?;
        }
        Ok(())
    }

    /// Records epochs that a kernel has trained and measured.
    #[cfg(feature = "cuda")]
    pub fn push(&mut self, epochs: Vec<Epoch>) -> Result<()> {
        for epoch in epochs {
            self.finished += 1;
            self.unread.push(epoch);
        }
        self.read()
    }

    /// Checks that the model and its optimizer are as they were after the last finished epoch.
    pub fn check_state(&self) -> Result<()> {
        match self.moved {
            None => Ok(()),
            Some(why) => bail!(
                "expected the state after {} finished epochs, but {why}: only a checkpoint made \
                 before can be resumed",
                self.finished
            ),
        }
    }

    /// Records the epochs that have not been read yet.
    fn read(&mut self) -> Result<()> {
        let (last, seeds) = (self.finished, &self.options.seeds);
        let unread = self.unread.read(&*self.options.objective)?;
        if let Some((scores, earlier)) = unread.split_last() {
            self.history.push(last - earlier.len(), seeds, earlier);
            if !self.weights.is_empty() {
                let finite = finite_replicas(&self.weights, seeds.len())?;
                self.history.stop_hidden(last, seeds, scores, &finite);
            }
            self.history.push(last, seeds, std::slice::from_ref(scores));
            // With a rule of early stopping each epoch is read when it ends.
            if let Some(stopper) = &mut self.stopper {
                stopper.epoch_end(last, &mut self.history)?;
            }
        }
        self.unread.clear();
        Ok(())
    }

    /// Returns the curves up to the last epoch.
    pub fn whole_history(&self) -> Result<History> {
        let mut history = self.history.clone();
        let unread = self.unread.read(&*self.options.objective)?;
        history.push(self.finished + 1 - unread.len(), &self.options.seeds, &unread);
        Ok(history)
    }

    /// Reads the last curves, and gives the model the weights kept by early stopping.
    pub fn finish(&mut self) -> Result<()> {
        self.read()?;
        if let Some(stopper) = &self.stopper
            && stopper.finish(&mut self.history)?
        {
            self.moved = Some("`finish` has given the model the weights kept by early stopping");
        }
        Ok(())
    }

    fn train_epoch(
        &self,
        model: &dyn ModuleT,
        step: &mut dyn FnMut(&GradStore) -> Result<()>,
    ) -> Result<Vec<Measured>> {
        let Self { train, options, .. } = self;
        let rows = options.rows_used(train.rows());
        let orders = self.orders.at(self.finished as u32 + 1)?; // (R, N), epochs counting from 1
        let mut measured = Vec::new();
        for start in (0..rows).step_by(options.batch_size) {
            let end = rows.min(start + options.batch_size);
            let (xs, ys) = train.take(&orders.narrow(1, start, end - start)?)?;
            let number =
                self.finished * rows.div_ceil(options.batch_size) + start / options.batch_size;
            let ys = self.noisy_labels(ys)?;
            let batch = Batch::of(xs, ys, train.replica_axis(), options, number as u32)?;
            let (loss, outputs) = batch.loss(model, train, options)?;
            // The backward pass of the vector starts with ones: the sum of the replicas' losses.
            let grads = backward(&loss)?;
            match &self.mirrored {
                None => step(&grads)?,
                Some(noise) => {
                    noise.mirror()?;
                    let (loss, _) = batch.loss(model, train, options)?;
                    step(&self.mean_of(&grads, &backward(&loss)?)?)?;
                }
            }
            measured.push(Measured::new(loss, &*options.objective, &outputs, &batch.ys)?);
        }
        Ok(measured)
    }

    /// Returns the mean gradients of two passes.
    fn mean_of(&self, first: &GradStore, second: &GradStore) -> Result<GradStore> {
        let mean = |var: &Var| {
            let (first, second) = (first.get(var)?, second.get(var)?);
            let mean = (first + second).and_then(|sum| sum / 2.);
            Some(mean.map(|mean| (var.as_tensor().clone(), mean)))
        };
        gradients(self.weights.iter().filter_map(mean).collect::<Result<Vec<_>>>()?)
    }

    /// Applies label noise to labels (R, B). Label noise without a replica axis takes (B,).
    fn noisy_labels(&self, ys: Tensor) -> Result<Tensor> {
        match &self.labels {
            None => Ok(ys),
            Some(noise) if self.train.replica_axis() => noise.forward_t(&ys, true),
            Some(noise) => noise.forward_t(&ys.squeeze(0)?, true)?.unsqueeze(0),
        }
    }
}
