//! Attacks, certificates and the geometry of a network on the device.

use candle_core::{Device, Result, Tensor};
use candle_noise::robust::{Certificate, Limits, Norm, Rows, Smoothing, Victim, certify, geometry};

use super::{device, difference};
use crate::robust::attacks::attacks;
use crate::robust::{mlp_on, normal_rows};

/// Returns the network and rows on a device, whose inputs may move to 1 at most.
fn on(device: &Device) -> Result<(Victim, Rows)> {
    let range = |end: f32| Tensor::new(&[end, end], device);
    let limits = Limits::default().range(range(-3.)?, range(1.)?);
    let rows = normal_rows(2, 40, 2)?;
    let rows = Rows { xs: rows.xs.to_device(device)?, ys: rows.ys.to_device(device)?, ..rows };
    Ok((mlp_on(device)?.0.with_limits(limits), rows))
}

/// A step follows the sign of a gradient, which rounding may change near 0: of many steps the losses agree.
#[test]
fn attacks_find_what_they_find_on_the_cpu() -> Result<()> {
    let Some(cuda) = device() else { return Ok(()) };
    let ((found, rows), (expected, cpu_rows)) = (on(&cuda)?, on(&Device::Cpu)?);
    for norm in [Norm::Linf, Norm::L2] {
        for attack in attacks(norm)? {
            let moved = attack.apply(&found, &rows, 0.2, 0)?;
            let answers = found.answers(&moved, &rows)?;
            let cpu = expected.answers(&attack.apply(&expected, &cpu_rows, 0.2, 0)?, &cpu_rows)?;
            let what = format!("{} {}", attack.name(), norm.name());
            assert!(difference(&answers.losses, &cpu.losses)? < 1e-3, "{what}");
            let wrong = |all: &Tensor| all.sum_all()?.to_scalar::<f32>();
            assert_eq!(wrong(&answers.wrong)?, wrong(&cpu.wrong)?, "{what}");
        }
    }
    Ok(())
}

#[test]
fn certificates_and_geometry_agree() -> Result<()> {
    let Some(cuda) = device() else { return Ok(()) };
    let ((found, rows), (expected, cpu_rows)) = (on(&cuda)?, on(&Device::Cpu)?);
    let options = Smoothing::new(0.25).draws(200);
    let certified = |on: &Victim, rows: &Rows| -> Result<Vec<Certificate>> {
        Ok(certify(on, rows, None, options)?.concat())
    };
    let (own, cpu) = (certified(&found, &rows)?, certified(&expected, &cpu_rows)?);
    assert_eq!(own.len(), 80);
    let same = own.iter().zip(&cpu).filter(|(own, cpu)| own.class == cpu.class);
    let same = same.filter(|(own, cpu)| (own.radius - cpu.radius).abs() < 0.02).count();
    assert!(same >= 79, "{same} of 80 certificates agree");
    let (own, cpu) = (geometry(&found, &rows, 4)?, geometry(&expected, &cpu_rows, 4)?);
    for (own, cpu) in own.iter().zip(&cpu) {
        assert!((own.jacobian - cpu.jacobian).abs() < 1e-4 * cpu.jacobian, "{own:?}, not {cpu:?}");
        assert!((own.curvature - cpu.curvature).abs() < 1e-2, "{own:?}, not {cpu:?}");
    }
    Ok(())
}
