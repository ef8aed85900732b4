//! The order of the rows and the rows of a batch.

use candle_noise::rng::{Address, Stream};

use super::{bits, launch, library, numbers};

type Permutations = extern "C" fn(usize, *const u32, *mut u32, usize, u32, u32);
type TakeRows = extern "C" fn(usize, *const f32, *const u32, *mut f32, usize, usize, usize);

#[test]
fn orders_are_those_of_the_addresses() {
    let Some(library) = library() else { return };
    for rows in [1, 2, 4, 5, 30, 31, 256, 1003] {
        let address = |seed: u64| Address::new(seed, "train", Stream::Shuffle, 7);
        let addresses: Vec<Address> = (0..300).map(address).collect();
        let keys: Vec<u32> = addresses.iter().flat_map(|address| address.key.words()).collect();
        let mut orders = vec![u32::MAX; addresses.len() * rows];
        let out = orders.as_mut_ptr();
        launch(library, "permutations", addresses.len(), |permutations: Permutations| {
            permutations(300, keys.as_ptr(), out, rows, 7, Stream::Shuffle as u32)
        });
        for (order, address) in orders.chunks(rows).zip(&addresses) {
            assert_eq!(order, address.permutation(0, rows), "{rows} rows");
        }
    }
}

#[test]
fn rows_are_taken_by_their_numbers() {
    let Some(library) = library() else { return };
    // The last two of three columns.
    let (row_len, ids, batch, stride) = (7, [[3u32, 0, 3], [99, 41, 5]], 2, 3);
    let xs = numbers(100 * row_len, 1);
    let taken = ids.iter().flat_map(|ids| &ids[1..]);
    let expected = taken.flat_map(|&id| &xs[id as usize * row_len..][..row_len]);
    let expected: Vec<f32> = expected.copied().collect();
    let mut ys = vec![f32::NAN; expected.len()];
    let (tasks, out) = (ys.len(), ys.as_mut_ptr());
    launch(library, "take_rows", tasks, |take: TakeRows| {
        take(tasks, xs.as_ptr(), ids.as_flattened()[1..].as_ptr(), out, row_len, batch, stride)
    });
    assert_eq!(bits(&ys), bits(&expected));
}
