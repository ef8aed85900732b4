//! The check that every variable has a gradient, on layers of Candle's that cut it.

use candle_core::{D, DType, Device, Result, Tensor, Var};
use candle_nn::{
    AdamW, Linear, Module, ModuleT, Optimizer, ParamsAdamW, VarBuilder, VarMap, batch_norm,
    layer_norm, layer_norm_no_bias, linear, ops, rms_norm, rotary_emb,
};
use candle_noise::nn::{
    check_grad_store, check_gradients, seeded_vars, sorted_vars, trainable_vars,
};
use candle_noise::ops::no_grad;

fn map() -> (VarMap, VarBuilder<'static>) {
    let varmap = VarMap::new();
    let vb = seeded_vars(&varmap, 42, DType::F32, &Device::Cpu);
    (varmap, vb)
}

fn inputs(shape: &[usize]) -> Result<Tensor> {
    let count = shape.iter().product::<usize>();
    let values = (0..count).map(|i| ((i * 37 + 11) % 29) as f32 / 14.5 - 1.).collect();
    Tensor::from_vec::<_, f32>(values, shape, &Device::Cpu)
}

/// The lines of the check's error: how many are missing, and then each reason with its variables.
fn lines(loss: &Tensor, vars: &[(String, Var)]) -> Vec<String> {
    let error = check_gradients(loss, vars).unwrap_err().to_string();
    let reasons = error.lines().skip(1).take_while(|line| line.starts_with("- "));
    error.lines().take(1).chain(reasons).map(str::to_string).collect()
}

/// Checks the names of a line and what it is to say.
fn assert_line(line: &str, names: &str, words: &[&str]) {
    assert!(line.starts_with(&format!("- {names}: ")), "{line}");
    assert!(words.iter().all(|word| line.contains(word)), "{line}");
}

#[test]
fn a_layer_norm_and_what_lies_before_it_are_named() -> Result<()> {
    let (varmap, vb) = map();
    let (fc1, fc2) = (linear(2, 8, vb.pp("fc1"))?, linear(8, 1, vb.pp("fc2"))?);
    let norm = layer_norm(8, 1e-5, vb.pp("norm"))?;
    let hidden = fc1.forward(&inputs(&[4, 2])?)?;
    let vars = trainable_vars(&varmap);
    let loss = fc2.forward(&norm.forward(&hidden)?)?.sqr()?.mean_all()?;
    let found = lines(&loss, &vars);
    assert_eq!(found[0], "expected a gradient for each variable, received none for 4 of 6:");
    assert_line(
        &found[1],
        "norm.bias of shape [8], norm.weight of shape [8]",
        &["LayerNorm::forward", "layer_norm_slow"],
    );
    assert_line(
        &found[2],
        "fc1.bias of shape [8], fc1.weight of shape [8, 2]",
        &["only through a layer that is named above"],
    );
    assert_eq!(found.len(), 3);

    let (weight, bias) = (norm.weight(), norm.bias().unwrap());
    let slow = ops::layer_norm_slow(&hidden, weight, bias, 1e-5)?;
    check_gradients(&fc2.forward(&slow)?.sqr()?.mean_all()?, &vars)
}

/// Without a bias, and at inputs that are not contiguous, Candle runs ops that have a gradient.
#[test]
fn a_layer_norm_that_cuts_nothing_passes() -> Result<()> {
    let (varmap, vb) = map();
    let norm = layer_norm_no_bias(4, 1e-5, vb.pp("plain"))?;
    check_gradients(&norm.forward(&inputs(&[3, 4])?)?.sqr()?.sum_all()?, &trainable_vars(&varmap))?;
    let (varmap, vb) = map();
    let norm = layer_norm(4, 1e-5, vb.pp("strided"))?;
    let ys = norm.forward(&inputs(&[4, 3])?.t()?)?;
    check_gradients(&ys.sqr()?.sum_all()?, &trainable_vars(&varmap))
}

#[test]
fn an_rms_norm_is_named_and_forward_diff_passes() -> Result<()> {
    let (varmap, vb) = map();
    let (fc, norm) = (linear(2, 4, vb.pp("fc"))?, rms_norm(4, 1e-5, vb.pp("norm"))?);
    let (vars, hidden) = (trainable_vars(&varmap), fc.forward(&inputs(&[3, 2])?)?);
    // Around the norm there is another way to the loss, so the layer before it has a gradient.
    let residual = |normed: Tensor| (&hidden + normed)?.sqr()?.sum_all();
    let found = lines(&residual(norm.forward(&hidden)?)?, &vars);
    assert!(found[0].contains("none for 1 of 3"), "{found:?}");
    assert_line(&found[1], "norm.weight of shape [4]", &["RmsNorm::forward", "forward_diff"]);
    check_gradients(&residual(norm.forward_diff(&hidden)?)?, &vars)?;
    check_gradients(&residual(ops::rms_norm_slow(&hidden, norm.weight(), 1e-5)?)?, &vars)
}

/// One head of attention.
struct Attention {
    projections: [Linear; 4],
}

impl Attention {
    fn new(vb: &VarBuilder) -> Result<Self> {
        let projection = |name| linear(4, 4, vb.pp(name));
        let [q, k, v, o] = ["q_proj", "k_proj", "v_proj", "o_proj"].map(projection);
        Ok(Self { projections: [q?, k?, v?, o?] })
    }

    /// (B, T, 4) -> loss, with a rotation of queries and keys (B, 1, T, 4), and a softmax.
    fn loss(
        &self,
        rotate: fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor>,
        softmax: fn(&Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let (xs, [q, k, v, o]) = (inputs(&[2, 3, 4])?, &self.projections);
        let angles = inputs(&[3, 2])?;
        let rotate = |xs: Tensor| rotate(&xs.unsqueeze(1)?, &angles.cos()?, &angles.sin()?);
        let (q, k) = (rotate(q.forward(&xs)?)?, rotate(k.forward(&xs)?)?);
        let scores = softmax(&q.matmul(&k.t()?)?)?.squeeze(1)?;
        o.forward(&scores.matmul(&v.forward(&xs)?)?)?.sqr()?.sum_all()
    }
}

#[test]
fn queries_and_keys_before_a_fused_softmax_or_rotation_are_named() -> Result<()> {
    let (varmap, vb) = map();
    let attention = Attention::new(&vb.pp("block.attn"))?;
    let vars = trainable_vars(&varmap);
    let softmax: fn(&Tensor) -> Result<Tensor> = |xs| ops::softmax(xs, D::Minus1);
    for loss in [
        attention.loss(rotary_emb::rope_slow, ops::softmax_last_dim)?,
        attention.loss(rotary_emb::rope, softmax)?,
        attention.loss(rotary_emb::rope_i, softmax)?,
    ] {
        let found = lines(&loss, &vars);
        assert_line(
            &found[1],
            "block.attn.k_proj.bias of shape [4], block.attn.k_proj.weight of shape [4, 4], \
             block.attn.q_proj.bias of shape [4], block.attn.q_proj.weight of shape [4, 4]",
            &["softmax_last_dim", "rope_slow", "ops::softmax"],
        );
        assert_eq!(found.len(), 2);
    }
    check_gradients(&attention.loss(rotary_emb::rope_slow, softmax)?, &vars)?;
    check_gradients(&attention.loss(rotary_emb::rope_i_slow, softmax)?, &vars)
}

#[test]
fn projections_into_a_fused_attention_are_named() -> Result<()> {
    let (varmap, vb) = map();
    let Attention { projections: [q, k, v, o] } = Attention::new(&vb)?;
    let xs = inputs(&[2, 3, 4])?;
    // As candle_nn::attention::flash_attn on the CPU: the result is made of numbers alone.
    let sum = (q.forward(&xs)? + k.forward(&xs)? + v.forward(&xs)?)?.detach();
    let found = lines(&o.forward(&sum)?.sqr()?.sum_all()?, &trainable_vars(&varmap));
    assert!(found[0].contains("none for 6 of 8"), "{found:?}");
    let start = "- k_proj.bias of shape [4], k_proj.weight of shape [4, 4], q_proj.bias";
    assert!(found[1].starts_with(start) && found[1].contains("flash_attn"), "{found:?}");
    Ok(())
}

/// `BatchNorm` cuts nothing; its running statistics are no parameters.
#[test]
fn running_statistics_are_told_from_parameters() -> Result<()> {
    let (varmap, vb) = map();
    let (fc, norm) = (linear(2, 4, vb.pp("fc"))?, batch_norm(4, 1e-5, vb.pp("norm"))?);
    let ys = norm.forward_t(&fc.forward(&inputs(&[3, 2])?)?, true)?;
    let loss = ys.powf(3.)?.sum_all()?;
    check_gradients(&loss, &trainable_vars(&varmap))?;
    let found = lines(&loss, &sorted_vars(&varmap));
    assert_line(
        &found[1],
        "norm.running_mean of shape [4], norm.running_var of shape [4]",
        &["running statistics", "nn::trainable_vars"],
    );
    let count = ("count".to_string(), Var::new(&[1u32], &Device::Cpu)?);
    assert_line(&lines(&loss, &[count])[1], "count of shape [1]", &["integers"]);
    Ok(())
}

#[test]
fn unused_layers_and_losses_of_nothing_are_told_apart() -> Result<()> {
    let (varmap, vb) = map();
    let (used, _unused) = (linear(2, 1, vb.pp("used"))?, linear(2, 3, vb.pp("unused"))?);
    let vars = trainable_vars(&varmap);
    let xs = inputs(&[3, 2])?;
    let found = lines(&used.forward(&xs)?.sqr()?.sum_all()?, &vars);
    assert!(found[0].contains("none for 2 of 4"), "{found:?}");
    assert_line(
        &found[1],
        "unused.bias of shape [3], unused.weight of shape [3, 2]",
        &["a layer that is not used", "detached"],
    );
    let losses = [
        used.forward(&xs)?.detach().sum_all()?,
        no_grad(|| used.forward(&xs))?.round()?.sum_all()?,
        ops::softmax_last_dim(&used.forward(&xs)?)?.sqr()?.sum_all()?,
    ];
    for loss in losses {
        let found = lines(&loss, &vars);
        assert!(found[0].contains("none for 4 of 4"), "{found:?}");
        assert!(found[1].contains("no variable has a gradient"), "{found:?}");
    }
    Ok(())
}

/// With Candle's own optimizer, which says nothing.
#[test]
fn a_store_of_gradients_is_checked_before_candles_optimizer_takes_it() -> Result<()> {
    let (varmap, vb) = map();
    let (fc, norm) = (linear(2, 4, vb.pp("fc"))?, layer_norm(4, 1e-5, vb.pp("norm"))?);
    let mut adamw = AdamW::new(varmap.all_vars(), ParamsAdamW::default())?;
    let before = fc.weight().to_vec2::<f32>()?;
    let grads = norm.forward(&fc.forward(&inputs(&[3, 2])?)?)?.sum_all()?.backward()?;
    let error = check_grad_store(&grads, &trainable_vars(&varmap)).unwrap_err().to_string();
    assert!(error.contains("norm.weight") && error.contains("fc.weight"), "{error}");
    adamw.step(&grads)?;
    assert_eq!(fc.weight().to_vec2::<f32>()?, before, "AdamW leaves it, in silence");
    Ok(())
}
