//! The loops of a convolution, image by image, as products over the channels.

use candle_core::{Result, bail};

use crate::ops::product::{
    Begin, Sums, Terms, gather, in_lines, product, row_step, spread, starts,
};
use crate::ops::relu::rectify_grad;

/// The extents of a convolution.
pub struct Plan {
    pub images: usize,
    /// Height and width of the images, of the kernel and of the result.
    input: [usize; 2],
    kernel: [usize; 2],
    pub out: [usize; 2],
    channels: usize,
    pub outputs: usize,
    relu: bool,
}

impl Plan {
    pub fn new(xs: &[usize], weight: &[usize], bias: &[usize], relu: bool) -> Result<Self> {
        match (xs, weight, bias) {
            (&[images, h, w, c], &[p, q, channels, outputs], &[biases])
                if c == channels
                    && outputs == biases
                    && (1..=h).contains(&p)
                    && (1..=w).contains(&q)
                    && c * outputs > 0 =>
            {
                let out = [h - p + 1, w - q + 1];
                Ok(Self { images, input: [h, w], kernel: [p, q], out, channels, outputs, relu })
            }
            _ => bail!(
                "a convolution expects images (N, H, W, C), a kernel (P, Q, C, O) of at most their \
                 height and width, and a bias (O,), received {xs:?}, {weight:?} and {bias:?}"
            ),
        }
    }

    /// Where the patch of each pixel of the result begins in an image.
    fn patches(&self, channels: usize) -> Vec<usize> {
        let [height, width] = self.out;
        let pixel = |i| (0..width).map(move |j| (i * self.input[1] + j) * channels);
        (0..height).flat_map(pixel).collect()
    }

    /// Where each element of a patch stands behind its beginning, in the order of the kernel.
    fn taps(&self) -> Vec<usize> {
        let run = self.kernel[1] * self.channels;
        let row = |p| (0..run).map(move |k| p * self.input[1] * self.channels + k);
        (0..self.kernel[0]).flat_map(row).collect()
    }

    fn image_len(&self) -> usize {
        self.input[0] * self.input[1] * self.channels
    }

    fn pixels(&self) -> usize {
        self.out[0] * self.out[1]
    }

    /// (N, H, W, C) -> (N, H − P + 1, W − Q + 1, O).
    pub fn convolve(&self, xs: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
        let (width, step) = (in_lines(self.outputs), row_step(self.outputs));
        let vectors = spread(weight, self.outputs, step);
        let bias = spread(bias, self.outputs, width);
        let (rows, terms) = (self.patches(self.channels), self.taps());
        let places = starts(self.pixels(), width);
        let sums = Sums { places: &places, width, begin: Begin::Row(&bias), relu: self.relu };
        let mut ys = vec![0.; self.images * self.pixels() * width];
        let images = xs.chunks_exact(self.image_len());
        for (factors, ys) in images.zip(ys.chunks_exact_mut(self.pixels() * width)) {
            let terms = Terms { factors, rows: &rows, terms: &terms, vectors: &vectors, step };
            product(terms, sums, ys);
        }
        if width == self.outputs { ys } else { gather(&ys, self.outputs, width) }
    }

    /// The gradient below the rectifier, in rows of whole lines.
    pub fn gated(&self, ys: &[f32], grad: &[f32]) -> Vec<f32> {
        let grad = if self.relu { rectify_grad(ys, grad) } else { grad.to_vec() };
        let width = in_lines(self.outputs);
        if width == self.outputs { grad } else { spread(&grad, self.outputs, width) }
    }

    /// dw[p, q, c, o] = Σ x[n, i + p, j + q, c] · dy[n, i, j, o]: a product over all pixels.
    pub fn weight_grad(&self, xs: &[f32], grad: &[f32]) -> Vec<f32> {
        let width = in_lines(self.outputs);
        let (patches, taps) = (self.patches(self.channels), self.taps());
        let of_image = |n| patches.iter().map(move |patch| n * self.image_len() + patch);
        let pixels: Vec<usize> = (0..self.images).flat_map(of_image).collect();
        let places = starts(taps.len(), width);
        let terms = Terms { factors: xs, rows: &taps, terms: &pixels, vectors: grad, step: width };
        let mut dw = vec![0.; taps.len() * width];
        let sums = Sums { places: &places, width, begin: Begin::Zero, relu: false };
        product(terms, sums, &mut dw);
        if width == self.outputs { dw } else { gather(&dw, self.outputs, width) }
    }

    /// db[o] = Σ dy[n, i, j, o].
    pub fn bias_grad(&self, grad: &[f32]) -> Vec<f32> {
        let mut sums = vec![0.; self.outputs];
        for row in grad.chunks_exact(in_lines(self.outputs)) {
            sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        sums
    }

    /// dx[n, i + p, j + q, c] = Σ dy[n, i, j, o] · w[p, q, c, o]: a product for each (p, q).
    pub fn input_grad(&self, weight: &[f32], grad: &[f32]) -> Vec<f32> {
        let (outputs, channels, width) =
            (self.outputs, in_lines(self.channels), in_lines(self.outputs));
        let step = row_step(self.channels);
        // For each (p, q) the weights as rows of channels, one for each output.
        let taps: Vec<Vec<f32>> = weight
            .chunks_exact(self.channels * outputs)
            .map(|weight| {
                let mut rows = vec![0.; outputs * step];
                for (c, weight) in weight.chunks_exact(outputs).enumerate() {
                    for (o, w) in weight.iter().enumerate() {
                        rows[o * step + c] = *w;
                    }
                }
                rows
            })
            .collect();
        let (rows, terms) = (starts(self.pixels(), width), starts(outputs, 1));
        let places = self.patches(channels);
        let sums = Sums { places: &places, width: channels, begin: Begin::There, relu: false };
        let image = self.input[0] * self.input[1] * channels;
        let mut dx = vec![0.; self.images * image];
        let images = grad.chunks_exact(self.pixels() * width);
        for (factors, dx) in images.zip(dx.chunks_exact_mut(image)) {
            for (tap, vectors) in taps.iter().enumerate() {
                let (p, q) = (tap / self.kernel[1], tap % self.kernel[1]);
                let terms = Terms { factors, rows: &rows, terms: &terms, vectors, step };
                product(terms, sums, &mut dx[(p * self.input[1] + q) * channels..]);
            }
        }
        if channels == self.channels { dx } else { gather(&dx, self.channels, channels) }
    }
}
