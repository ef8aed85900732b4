//! The loops of a convolution, image by image, as products over the channels.

use std::borrow::Cow;

use candle_core::{Result, bail};

use crate::ops::product::{
    Begin, Runs, Sums, Terms, gather, in_lines, product, row_step, spread, starts,
};
use crate::ops::relu::rectify_grad;
use crate::ops::room::Room;
use crate::ops::sparse::Sparse;

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

    /// How many elements of a patch stand side by side: a row of the kernel.
    fn patch_row(&self) -> usize {
        self.kernel[1] * self.channels
    }

    /// How far the rows of a patch are from its beginning.
    fn patch_rows(&self) -> Vec<usize> {
        starts(self.kernel[0], self.input[1] * self.channels)
    }

    /// How far each element of a patch is from its beginning, in the order of the kernel.
    fn taps(&self) -> Vec<usize> {
        let row = |start| start..start + self.patch_row();
        self.patch_rows().into_iter().flat_map(row).collect()
    }

    fn image_len(&self) -> usize {
        self.input[0] * self.input[1] * self.channels
    }

    fn pixels(&self) -> usize {
        self.out[0] * self.out[1]
    }

    /// (N, H, W, C) -> (N, H − P + 1, W − Q + 1, O).
    pub fn convolve(&self, xs: &[f32], weight: &[f32], bias: &[f32]) -> Room {
        let (width, step) = (in_lines(self.outputs), row_step(self.outputs));
        let vectors = spread(weight, self.outputs, step);
        let bias = spread(bias, self.outputs, width);
        let (rows, patch_rows) = (self.patches(self.channels), self.patch_rows());
        let runs = Runs::dense(&patch_rows, self.patch_row());
        let places = starts(self.pixels(), width);
        let sums = Sums { places: &places, width, begin: Begin::Row(&bias), relu: self.relu };
        let mut ys = Room::new(self.images * self.pixels() * width);
        let images = xs.chunks_exact(self.image_len());
        for (factors, ys) in images.zip(ys.chunks_exact_mut(self.pixels() * width)) {
            product(Terms { factors, rows: &rows, runs, vectors: &vectors, step }, sums, ys);
        }
        gather(ys, self.outputs, width)
    }

    /// The gradient below the rectifier, in rows of whole lines.
    pub fn gated<'a>(&self, ys: &[f32], grad: &'a [f32]) -> Cow<'a, [f32]> {
        let grad = match self.relu {
            true => Cow::Owned(rectify_grad(ys, grad)),
            false => Cow::Borrowed(grad),
        };
        match in_lines(self.outputs) {
            width if width == self.outputs => grad,
            width => Cow::Owned(spread(&grad, self.outputs, width).into_owned()),
        }
    }

    /// dw[p, q, c, o] = Σ x[n, i + p, j + q, c] · dy[n, i, j, o]: a product over all pixels.
    pub fn weight_grad(&self, xs: &[f32], grad: &[f32]) -> Room {
        let width = in_lines(self.outputs);
        let taps = self.taps();
        let lines = starts(self.out[0], self.input[1] * self.channels);
        let of_image = |n| lines.iter().map(move |line| n * self.image_len() + line);
        let lines: Vec<usize> = (0..self.images).flat_map(of_image).collect();
        let runs = Runs { starts: &lines, len: self.out[1], stride: self.channels };
        let places = starts(taps.len(), width);
        let terms = Terms { factors: xs, rows: &taps, runs, vectors: grad, step: width };
        let mut dw = Room::new(taps.len() * width);
        let sums = Sums { places: &places, width, begin: Begin::Zero, relu: false };
        product(terms, sums, &mut dw);
        gather(dw, self.outputs, width)
    }

    /// db[o] = Σ dy[n, i, j, o].
    pub fn bias_grad(&self, grad: &[f32]) -> Room {
        let mut sums = Room::zeros(self.outputs);
        for row in grad.chunks_exact(in_lines(self.outputs)) {
            sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        sums
    }

    /// dx[n, i + p, j + q, c] = Σ dy[n, i, j, o] · w[p, q, c, o].
    pub fn input_grad(&self, weight: &[f32], grad: &[f32]) -> Room {
        let taps = self.kernel[0] * self.kernel[1];
        let by_patch = in_lines(taps * self.channels);
        if 2 * by_patch <= taps * in_lines(self.channels) {
            self.input_grad_by_patch(weight, grad)
        } else {
            self.input_grad_by_row(weight, grad)
        }
    }

    /// For each row of the kernel a product of the pixels' gradients, which a rectifier and a pooling leave mostly
    /// empty, added where its pixels are.
    fn input_grad_by_row(&self, weight: &[f32], grad: &[f32]) -> Room {
        let (channels, width) = (in_lines(self.channels), in_lines(self.outputs));
        let (row_len, row_width) = (self.patch_row() * self.outputs, self.kernel[1] * channels);
        let step = row_step(row_width);
        let kernel_rows: Vec<Vec<f32>> = weight
            .chunks_exact(row_len)
            .map(|weight| self.in_pixels(&transposed(weight, self.outputs, self.patch_row()), step))
            .collect();
        let places = self.patches(channels);
        let image = self.input[0] * self.input[1] * channels;
        let mut dx = Room::zeros(self.images * image);
        let mut sparse = Sparse::default();
        let images = grad.chunks_exact(self.pixels() * width);
        for (grad, dx) in images.zip(dx.chunks_exact_mut(image)) {
            sparse.fill(grad, width);
            for (p, vectors) in kernel_rows.iter().enumerate() {
                let dx = &mut dx[p * self.input[1] * channels..];
                sparse.add_product((vectors, step), (&places, row_width), dx);
            }
        }
        gather(dx, self.channels, channels)
    }

    /// Copies patch rows to a distance of `step`, each of their pixels to the beginning of a line.
    fn in_pixels(&self, patch_rows: &[f32], step: usize) -> Vec<f32> {
        let channels = in_lines(self.channels);
        let pixels = spread(patch_rows, self.channels, channels);
        spread(&pixels, self.kernel[1] * channels, step).into_owned()
    }

    /// One product for the gradients of all patches, then their sums: less work where the channels of a pixel fill
    /// little of a line.
    fn input_grad_by_patch(&self, weight: &[f32], grad: &[f32]) -> Room {
        let (outputs, width) = (self.outputs, in_lines(self.outputs));
        let patch_len = self.kernel[0] * self.patch_row();
        let (step, patch_step) = (row_step(patch_len), in_lines(patch_len));
        let vectors = transposed(weight, outputs, step);
        let (rows, runs) = (starts(self.pixels(), width), Runs::dense(&[0], outputs));
        let places = starts(self.pixels(), patch_step);
        let sums = Sums { places: &places, width: patch_step, begin: Begin::Zero, relu: false };
        let (patches, patch_rows) = (self.patches(self.channels), self.patch_rows());
        let mut patch_sums = Room::new(self.pixels() * patch_step);
        let mut dx = Room::zeros(self.images * self.image_len());
        let images = grad.chunks_exact(self.pixels() * width);
        for (factors, dx) in images.zip(dx.chunks_exact_mut(self.image_len())) {
            let terms = Terms { factors, rows: &rows, runs, vectors: &vectors, step };
            product(terms, sums, &mut patch_sums);
            for (patch, sums) in patches.iter().zip(patch_sums.chunks_exact(patch_step)) {
                for (row, sums) in patch_rows.iter().zip(sums.chunks_exact(self.patch_row())) {
                    let dx = &mut dx[patch + row..][..self.patch_row()];
                    dx.iter_mut().zip(sums).for_each(|(dx, sum)| *dx += sum);
                }
            }
        }
        dx
    }
}

/// The transpose of a matrix with some columns, its rows at a distance of `step`.
fn transposed(xs: &[f32], columns: usize, step: usize) -> Vec<f32> {
    let mut rows = vec![0.; columns * step];
    for (i, xs) in xs.chunks_exact(columns).enumerate() {
        for (j, x) in xs.iter().enumerate() {
            rows[j * step + i] = *x;
        }
    }
    rows
}
