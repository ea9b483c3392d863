//! What entries capture: bytes of every size and alignment that matters.

use super::world::Name;
use std::hint::black_box;
use std::mem::align_of;

/// A capture that knows its name.
pub(super) trait Load: 'static {
    fn new(id: u8, serial: u8) -> Self;
    fn id(&self) -> &u8;
    fn serial(&self) -> Option<u8>;
    /// Whether all its bytes are as they were made.
    fn intact(&self) -> bool;

    fn name(&self) -> Name {
        Name { id: *self.id(), serial: self.serial() }
    }
}

/// So many bytes, aligned as `A`.
#[repr(C)]
pub(super) struct Filled<A, const N: usize> {
    align: [A; 0],
    bytes: [u8; N],
}

impl<A: 'static, const N: usize> Load for Filled<A, N> {
    fn new(id: u8, serial: u8) -> Self {
        let bytes = std::array::from_fn(|at| match at {
            0 => id,
            _ => serial.wrapping_add((at - 1) as u8),
        });
        Self { align: [], bytes }
    }

    fn id(&self) -> &u8 {
        &self.bytes[0]
    }

    fn serial(&self) -> Option<u8> {
        self.bytes.get(1).copied()
    }

    fn intact(&self) -> bool {
        let consecutive = self.bytes.windows(2).skip(1).all(|pair| pair[0].wrapping_add(1) == pair[1]);
        consecutive && aligned::<A>(self)
    }
}

/// Nothing, aligned as `A`: the type alone has the name.
#[repr(C)]
pub(super) struct Zero<A, const ID: u8>([A; 0]);

impl<A: 'static, const ID: u8> Load for Zero<A, ID> {
    fn new(_: u8, _: u8) -> Self {
        Self([])
    }

    fn id(&self) -> &u8 {
        const { &ID }
    }

    fn serial(&self) -> Option<u8> {
        None
    }

    fn intact(&self) -> bool {
        aligned::<A>(self)
    }
}

/// Bytes elsewhere: memory that is freed with it.
pub(super) struct Elsewhere(Box<Filled<u64, 24>>);

impl Load for Elsewhere {
    fn new(id: u8, serial: u8) -> Self {
        Self(Box::new(Filled::new(id, serial)))
    }

    fn id(&self) -> &u8 {
        self.0.id()
    }

    fn serial(&self) -> Option<u8> {
        self.0.serial()
    }

    fn intact(&self) -> bool {
        self.0.intact()
    }
}

/// Whether it lies as `A` asks for. (The compiler takes that for granted of a reference.)
fn aligned<A>(load: &impl Sized) -> bool {
    black_box(&raw const *load).addr().is_multiple_of(align_of::<A>())
}

#[repr(align(16))]
pub(super) struct Align16;
#[repr(align(64))]
pub(super) struct Align64;
#[repr(align(128))]
pub(super) struct Align128;
