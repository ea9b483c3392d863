//! The memory that Deferreds live in, and what lists, races and coroutines share; and the pointers to it.
//!
//! ```text
//!   Handle, Edge, Hold, Weak ──►┌─────────┬───────┬───────┬──────┬───────┬──────┐
//!                               │ handles │ edges │ holds │ weak │ kind  │ body │
//!                               └─────────┴───────┴───────┴──────┴───────┴──────┘
//! ```
//!
//! A pointer is counted by what it is for: a user's handle, an edge of another block, a hold of the engine's own
//! while it works on the body, or a weak one. Handles and edges are what reclaiming goes by (`reclaim.rs`); any of
//! the four keeps the memory, the first three the body as well.
//!
//! Invariants:
//! - A block is alive, body and all, as long as one of its counts isn't 0. Each pointer is one in its count.
//! - Whoever brings the last count to 0 frees the block. What loses its last handle is first given to the
//!   reclaimer, with a hold on it.
//! - An [`At`] is borrowed from a counted pointer, which outlives it.
//! - The kind belongs to the type of the body that the block was made with.
//! - A block whose size has a class lies in a slab of its thread, which has blocks of that class alone:
//!
//! ```text
//!   16 KiB, aligned to as much
//!  ┌──────┬──────┬────────┬───────┬──┬───────┬───────┬───────┬ …
//!  │ free │ used │ before │ after │  │ block │ block │ block │
//!  └──┬───┴──────┴────────┴───────┴──┴───────┴───────┴───────┴ …
//!     └─────────── the first free one ──────►──┘ │  ▲ each free one leads to another
//!                                                └──┘
//! ```
//!
//!   Every block in a slab is free, and then in its list, or counted as used. Slabs with a free block are in the list of
//!   their class, others are not. A slab without a block in use is freed, unless it is one of the few that a thread keeps.

#![allow(unsafe_code, reason = "blocks of memory are shared, counted and used again")]

#[cfg(test)]
mod tests;

use super::coroutine::Resume;
use super::reclaim::{Reclaimable, suspect};
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::{Cell, UnsafeCell};
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, size_of};
use std::ops::{ControlFlow, Deref};
use std::ptr::{NonNull, null_mut};

/// What stands before a body.
#[repr(C)]
pub(super) struct Header {
    handles: Cell<u32>,
    edges: Cell<u32>,
    holds: Cell<u32>,
    /// The weak pointers, and the marks [`DEAD`] and [`SUSPECTED`].
    weak: Cell<u32>,
    kind: &'static Kind,
}

/// What can be done with a block of some type: known where it is made, so that pointers can be cloned and dropped
/// without any bound on the body's type.
struct Kind {
    /// Finds the body as what the reclaimer can work with.
    erase: unsafe fn(NonNull<Header>) -> NonNull<Block<dyn Reclaimable>>,
    /// Looks after a block that has lost its last handle.
    let_go: unsafe fn(NonNull<Header>),
}

/// It was reclaimed.
const DEAD: u32 = 1 << 31;
/// It stands in the list of suspects.
const SUSPECTED: u32 = 1 << 30;
/// All but the marks.
const WEAK: u32 = SUSPECTED - 1;

impl Header {
    /// How many handles users hold.
    #[inline]
    pub(super) fn handles(&self) -> u32 {
        self.handles.get()
    }

    /// How many edges of other blocks lead here.
    #[inline]
    pub(super) fn edges(&self) -> u32 {
        self.edges.get()
    }

    /// How many holds the engine itself has.
    #[inline]
    pub(super) fn holds(&self) -> u32 {
        self.holds.get()
    }

    pub(super) fn dead(&self) -> bool {
        self.weak.get() & DEAD != 0
    }

    pub(super) fn set_dead(&self) {
        self.weak.set(self.weak.get() | DEAD);
    }

    pub(super) fn suspected(&self) -> bool {
        self.weak.get() & SUSPECTED != 0
    }

    pub(super) fn set_suspected(&self, suspected: bool) {
        let others = self.weak.get() & !SUSPECTED;
        self.weak.set(if suspected { others | SUSPECTED } else { others });
    }

    #[inline]
    fn unused(&self) -> bool {
        (self.handles.get() | self.edges.get() | self.holds.get() | self.weak.get() & WEAK) == 0
    }
}

/// A header and a body.
#[repr(C)]
pub(super) struct Block<N: ?Sized> {
    header: Header,
    body: N,
}

/// What a pointer is for.
pub(super) trait Count {
    /// Where it is counted.
    fn cell(header: &Header) -> &Cell<u32>;

    /// Counts one more, unless the counter is full.
    #[inline]
    fn count(header: &Header) {
        let cell = Self::cell(header);
        cell.set(cell.get().wrapping_add(1));
        if cell.get() == 0 {
            full(cell);
        }
    }

    /// Looks after a block that has just lost one.
    ///
    /// # Safety
    /// The block is alive but for the count that it has just lost.
    unsafe fn lost(header: NonNull<Header>);
}

/// Takes back the one that a full counter has no room for.
#[cold]
fn full(cell: &Cell<u32>) -> ! {
    cell.set(u32::MAX);
    panic!("memory is full before the counter is");
}

/// What keeps the body, not only the memory.
pub(super) trait Strong: Count {}

/// A user's handle.
pub(super) struct Handles;
/// What one block holds another by.
pub(super) struct Edges;
/// The engine works on it.
pub(super) struct Holds;
/// It keeps the memory alone.
pub(super) struct Weaks;

impl Strong for Handles {}
impl Strong for Edges {}
impl Strong for Holds {}

impl Count for Handles {
    #[inline]
    fn cell(header: &Header) -> &Cell<u32> {
        &header.handles
    }

    #[inline]
    unsafe fn lost(header: NonNull<Header>) {
        // SAFETY: it is alive, so says the caller.
        unsafe {
            if header.as_ref().handles.get() == 0 {
                lost_last_handle(header);
            }
        }
    }
}

impl Count for Edges {
    #[inline]
    fn cell(header: &Header) -> &Cell<u32> {
        &header.edges
    }

    #[inline]
    unsafe fn lost(header: NonNull<Header>) {
        // SAFETY: as of a handle.
        unsafe { Handles::lost(header) };
    }
}

impl Count for Holds {
    #[inline]
    fn cell(header: &Header) -> &Cell<u32> {
        &header.holds
    }

    #[inline]
    unsafe fn lost(header: NonNull<Header>) {
        // SAFETY: it is alive, so says the caller, and nothing points to it any more where it is unused.
        unsafe {
            if header.as_ref().unused() {
                free(header);
            }
        }
    }
}

impl Count for Weaks {
    #[inline]
    fn cell(header: &Header) -> &Cell<u32> {
        &header.weak
    }

    fn count(header: &Header) {
        assert!(header.weak.get() & WEAK != WEAK, "memory is full before the counter is");
        header.weak.set(header.weak.get() + 1);
    }

    #[inline]
    unsafe fn lost(header: NonNull<Header>) {
        // SAFETY: as of a hold.
        unsafe { Holds::lost(header) };
    }
}

/// A pointer to a block, counted there by what it is for.
pub(super) struct Counted<N: ?Sized, C: Count> {
    block: NonNull<Block<N>>,
    owns: PhantomData<(C, Box<N>)>,
}

pub(super) type Handle<N> = Counted<N, Handles>;
pub(super) type Edge<N> = Counted<N, Edges>;
pub(super) type Hold<N> = Counted<N, Holds>;
pub(super) type Weak<N> = Counted<N, Weaks>;

/// The body of a block that begins as all others of its type do.
pub(super) trait Fresh: Reclaimable + Sized + 'static {
    const FRESH: Self;
}

impl<N: Fresh> Handle<N> {
    /// A new block: a copy of what is known before anything runs.
    #[inline]
    pub(super) fn fresh() -> Self {
        let block = allocate(Layout::new::<Block<N>>()).cast::<Block<N>>();
        // SAFETY: it was allocated for this.
        unsafe {
            block.write(
                const {
                    Block {
                        header: Header {
                            handles: Cell::new(1),
                            edges: Cell::new(0),
                            holds: Cell::new(0),
                            weak: Cell::new(0),
                            kind: &Kind { erase: erase::<N>, let_go: let_go::<N> },
                        },
                        body: N::FRESH,
                    }
                },
            );
        };
        Self { block, owns: PhantomData }
    }
}

impl<N: Reclaimable + 'static, C: Count> Counted<N, C> {
    /// A new block, whose body is made in place.
    #[inline]
    pub(super) fn new(body: impl FnOnce() -> N) -> Self {
        let layout = Layout::new::<Block<N>>();
        let block = allocate(layout).cast::<Block<N>>();
        let header = Header {
            handles: Cell::new(0),
            edges: Cell::new(0),
            holds: Cell::new(0),
            weak: Cell::new(0),
            kind: const { &Kind { erase: erase::<N>, let_go: let_go::<N> } },
        };
        C::cell(&header).set(1);
        // SAFETY: it was allocated for this.
        unsafe {
            (&raw mut (*block.as_ptr()).header).write(header);
            (&raw mut (*block.as_ptr()).body).write(body());
        }
        Self { block, owns: PhantomData }
    }
}

/// # Safety
/// The block was made with a body of this type.
unsafe fn erase<N: Reclaimable + 'static>(header: NonNull<Header>) -> NonNull<Block<dyn Reclaimable>> {
    header.cast::<Block<N>>()
}

/// Frees a block that has lost its last handle, or hands it to the reclaimer.
///
/// # Safety
/// The block was made with a body of this type; it is alive but for the count that it has just lost.
unsafe fn let_go<N: Reclaimable + 'static>(header: NonNull<Header>) {
    let block = header.cast::<Block<N>>();
    // SAFETY: it is alive, so says the caller, and it is freed only where nothing points to it; a plain body has nothing
    // to drop.
    unsafe {
        let Header { edges, holds, weak, .. } = header.as_ref();
        let plain = block.as_ref().body.plain();
        if plain && edges.get() > 0 {
            // It lives on, and holds nothing: no circle.
        } else if plain && (holds.get() | weak.get()) == 0 {
            deallocate(block.cast(), Layout::new::<Block<N>>());
        } else {
            hand_over(header);
        }
    }
}

/// # Safety
/// The block is alive but for the count that it has just lost.
#[inline(never)]
unsafe fn lost_last_handle(header: NonNull<Header>) {
    // SAFETY: it is alive, so says the caller, and the kind is that of its body.
    unsafe { (header.as_ref().kind.let_go)(header) };
}

/// # Safety
/// The block is alive.
#[inline(never)]
unsafe fn hand_over(header: NonNull<Header>) {
    // SAFETY: it is alive, so says the caller.
    suspect(unsafe { hold(header) });
}

impl<N: ?Sized, C: Count> Counted<N, C> {
    #[inline]
    fn header(&self) -> &Header {
        // SAFETY: the block is alive, as this is one in its counts.
        unsafe { &*self.block.as_ptr().cast::<Header>() }
    }

    /// One more of another count, or of the same.
    #[inline]
    fn another<D: Count>(&self) -> Counted<N, D> {
        D::count(self.header());
        Counted { block: self.block, owns: PhantomData }
    }

    /// Whether both point to the same block.
    #[inline]
    pub(super) fn ptr_eq(&self, other: &Self) -> bool
    where
        C: Strong,
    {
        self.at().ptr_eq(other.at())
    }
}

impl<N: ?Sized, C: Strong> Counted<N, C> {
    #[inline]
    pub(super) fn at(&self) -> At<'_, N> {
        At { block: self.block, borrowed: PhantomData }
    }
}

impl<N: ?Sized, C: Strong> Counted<N, C> {
    /// Drops it without a word to the reclaimer: another, which is looked at when it goes, keeps the block.
    #[inline]
    pub(super) fn drop_quietly(self) {
        let this = ManuallyDrop::new(self);
        let cell = C::cell(this.header());
        debug_assert!(cell.get() > 0, "it is counted");
        cell.set(cell.get() - 1);
    }
}

impl<N: Reclaimable + 'static> Edge<N> {
    /// Frees the block, where nothing else points to it, and nothing is in it; else gives this back.
    #[inline]
    pub(super) fn free_if_last(self) -> Option<Self> {
        let Header { handles, edges, holds, weak, .. } = self.header();
        // Not even a mark is set.
        let last = edges.get() == 1 && (handles.get() | holds.get() | weak.get()) == 0;
        if !(last && self.plain()) {
            return Some(self);
        }
        let this = ManuallyDrop::new(self);
        // SAFETY: this alone points to it, and goes; a plain body has nothing to drop.
        unsafe { deallocate(this.block.cast(), Layout::new::<Block<N>>()) };
        None
    }
}

impl<N: Resume + 'static, C: Count> Counted<N, C> {
    /// The same, of a coroutine of any type.
    pub(super) fn of_any(self) -> Counted<dyn Resume, C> {
        let this = ManuallyDrop::new(self);
        Counted { block: this.block, owns: PhantomData }
    }
}

impl<N: ?Sized> Hold<N> {
    /// The same, as what the reclaimer can work with.
    #[inline]
    pub(super) fn erase(self) -> Hold<dyn Reclaimable> {
        let this = ManuallyDrop::new(self);
        Counted { block: this.at().erase().block, owns: PhantomData }
    }
}

impl<N: ?Sized> Weak<N> {
    /// A hold, unless the body was reclaimed.
    pub(super) fn upgrade(&self) -> Option<Hold<N>> {
        let header = self.header();
        (!header.dead() || fault!(R02)).then(|| self.another())
    }
}

impl<N: ?Sized> Clone for Handle<N> {
    #[inline]
    fn clone(&self) -> Self {
        self.another()
    }
}

impl<N: ?Sized> Clone for Hold<N> {
    #[inline]
    fn clone(&self) -> Self {
        self.another()
    }
}

impl<N: ?Sized> Clone for Weak<N> {
    fn clone(&self) -> Self {
        self.another()
    }
}

impl<N: ?Sized, C: Count> Drop for Counted<N, C> {
    #[inline]
    fn drop(&mut self) {
        let cell = C::cell(self.header());
        cell.set(cell.get() - 1);
        // SAFETY: the block was alive until now, and has just lost this one.
        unsafe { C::lost(self.block.cast()) };
    }
}

impl<N: ?Sized, C: Strong> Deref for Counted<N, C> {
    type Target = N;

    #[inline]
    fn deref(&self) -> &N {
        self.at().body()
    }
}

/// A cell that can be looked into.
pub(super) struct Place<S>(UnsafeCell<S>);

impl<S> Place<S> {
    pub(super) const fn new(content: S) -> Self {
        Self(UnsafeCell::new(content))
    }

    /// Puts something else in; gives what there was.
    #[inline]
    pub(super) fn replace(&self, content: S) -> S {
        // SAFETY: it isn't shared among threads, and nobody looks into it now (`look`).
        unsafe { std::mem::replace(&mut *self.0.get(), content) }
    }

    /// Looks at what there is. Meanwhile nothing else may be put in; `look` is ours.
    #[inline]
    pub(super) fn look<R>(&self, look: impl FnOnce(&S) -> R) -> R {
        // SAFETY: nothing is put in meanwhile.
        look(unsafe { &*self.0.get() })
    }
}

/// A pointer that is borrowed from a counted one.
pub(super) struct At<'a, N: ?Sized> {
    block: NonNull<Block<N>>,
    borrowed: PhantomData<&'a N>,
}

impl<N: ?Sized> Clone for At<'_, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N: ?Sized> Copy for At<'_, N> {}

impl<'a, N: ?Sized> At<'a, N> {
    #[inline]
    pub(super) fn body(self) -> &'a N {
        // SAFETY: the counted pointer that this is borrowed from keeps the body, which is only ever shared.
        unsafe { &(*self.block.as_ptr()).body }
    }

    #[inline]
    pub(super) fn links(self) -> &'a Header {
        // SAFETY: as of the body.
        unsafe { &*self.block.as_ptr().cast::<Header>() }
    }

    #[inline]
    fn another<C: Count>(self) -> Counted<N, C> {
        let borrowed = ManuallyDrop::new(Hold { block: self.block, owns: PhantomData });
        borrowed.another()
    }

    #[inline]
    pub(super) fn handle(self) -> Handle<N> {
        self.another()
    }

    #[inline]
    pub(super) fn edge(self) -> Edge<N> {
        self.another()
    }

    #[inline]
    pub(super) fn hold(self) -> Hold<N> {
        self.another()
    }

    pub(super) fn weak(self) -> Weak<N> {
        self.another()
    }

    /// Whether both point to the same block.
    #[inline]
    pub(super) fn ptr_eq<M: ?Sized>(self, other: At<'_, M>) -> bool {
        self.address() == other.address()
    }

    pub(super) fn address(self) -> *const () {
        self.block.as_ptr().cast()
    }

    /// The same, as what the reclaimer can work with.
    #[inline]
    pub(super) fn erase(self) -> At<'a, dyn Reclaimable> {
        // SAFETY: the kind belongs to the type of the block's body.
        let block = unsafe { (self.links().kind.erase)(self.block.cast()) };
        At { block, borrowed: PhantomData }
    }
}

/// Where an edge leads: not counted, and so only for [`At::follow`].
pub(super) struct Lead<N>(NonNull<Block<N>>);

impl<N> Edge<N> {
    #[inline]
    pub(super) fn lead(&self) -> Lead<N> {
        Lead(self.block)
    }
}

impl<N> At<'_, N> {
    /// Goes from block to block, where `next` says that an edge in the body leads, to the last one: to none where `next`
    /// breaks it off, or where it goes in a circle (Brent's algorithm). Meanwhile no edge may be dropped; `next` is ours.
    #[inline]
    pub(super) fn follow<B>(
        self,
        mut next: impl FnMut(At<'_, N>) -> ControlFlow<B, Option<Lead<N>>>,
    ) -> ControlFlow<Option<B>, Hold<N>> {
        let mut at = At { block: self.block, borrowed: PhantomData };
        let (mut landmark, mut steps, mut limit) = (self.block, 0_usize, 1_usize);
        while let Some(Lead(block)) = next(at).map_break(Some)? {
            if block == landmark {
                return ControlFlow::Break(None);
            }
            // An edge of a body that is alive leads there, and keeps it: it is as good as borrowed from that.
            at = At { block, borrowed: PhantomData };
            steps += 1;
            if steps == limit {
                landmark = block;
                (steps, limit) = (0, limit * 2);
            }
        }
        ControlFlow::Continue(at.hold())
    }
}

impl<N: ?Sized> Deref for At<'_, N> {
    type Target = N;

    #[inline]
    fn deref(&self) -> &N {
        self.body()
    }
}

/// # Safety
/// The block is alive.
#[inline]
unsafe fn hold(header: NonNull<Header>) -> Hold<()> {
    // SAFETY: it is alive, so says the caller: this is as good as borrowed from a counted pointer.
    At::<()> { block: header.cast(), borrowed: PhantomData }.hold()
}

/// # Safety
/// Nothing points to the block any more.
unsafe fn free(header: NonNull<Header>) {
    // SAFETY: the kind belongs to the type of the body, which nothing else uses any more; the memory came from
    // `allocate` with the layout of the block.
    unsafe {
        let block = (header.as_ref().kind.erase)(header);
        let layout = Layout::for_value(block.as_ref());
        (&raw mut (*block.as_ptr()).body).drop_in_place();
        deallocate(header.cast(), layout);
    }
}

/// The sizes, in bytes, of blocks that lie in slabs: most Deferreds' is the first.
const CLASSES: [usize; 3] = [96, 128, 192];

/// Blocks of all classes are aligned to this, as allocators do anyway.
const ALIGN: usize = 2 * size_of::<usize>();

/// The class of a block, if it has one.
#[inline]
fn class(layout: Layout) -> Option<usize> {
    if cfg!(no_reuse) || layout.align() > ALIGN {
        return None;
    }
    CLASSES.iter().position(|size| layout.size() <= *size)
}

/// The size of a slab, in bytes, and what it is aligned to: so its beginning is found from any of its blocks.
const SLAB: usize = 1 << 14;

/// Where the first block of a slab begins.
const FIRST: usize = size_of::<Slab>().next_multiple_of(64);

/// How many slabs a thread keeps whether they are in use or not: 4,080 of the smallest blocks have room there.
const KEPT: isize = 24;

/// The beginning of a slab.
struct Slab {
    /// The first of its free blocks, none in a slab that is full.
    free: *mut Spare,
    /// How many of its blocks are in use.
    used: usize,
    /// Its neighbours in the list of slabs with a free block, where it is in it.
    before: *mut Slab,
    after: *mut Slab,
}

/// A block that is free.
struct Spare {
    next: *mut Spare,
}

/// The slabs of a thread. They have no destructor of their own, so that they can be had while the thread ends:
/// [`Closing`] is what sees to them then.
struct Slabs {
    /// For each class the first slab with a free block.
    open: [Cell<*mut Slab>; CLASSES.len()],
    /// How many slabs there are beyond those that are kept.
    beyond: Cell<isize>,
}

thread_local! {
    static SLABS: Slabs = const {
        Slabs { open: [const { Cell::new(null_mut()) }; CLASSES.len()], beyond: Cell::new(0) }
    };
    static CLOSING: Closing = const { Closing { kept: Cell::new(0) } };
}

/// Has a thread keep slabs until it ends; those that are in use then are freed with the last of their blocks.
struct Closing {
    kept: Cell<isize>,
}

impl Closing {
    /// Once in a thread. It can't be had any more while the thread ends: then nobody would free what is kept.
    fn open(slabs: &Slabs) {
        if let Ok(0) = CLOSING.try_with(|closing| closing.kept.replace(KEPT)) {
            slabs.beyond.set(slabs.beyond.get() - KEPT);
        }
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        SLABS.with(|slabs| {
            slabs.beyond.set(slabs.beyond.get() + self.kept.get());
            for class in 0..CLASSES.len() {
                let mut next = slabs.open[class].get();
                while !next.is_null() {
                    let slab = next;
                    // SAFETY: slabs in the list are alive, and this one is freed where none of its blocks is in use.
                    unsafe {
                        next = (*slab).after;
                        if (*slab).used == 0 {
                            slabs.free_slab(class, slab);
                        }
                    }
                }
            }
        });
    }
}

impl Slabs {
    #[inline]
    fn take(&self, class: usize) -> NonNull<u8> {
        let mut slab = self.open[class].get();
        if slab.is_null() {
            slab = self.new_slab(class);
        }
        // SAFETY: a slab in the list is alive, and has a free block: memory of this class with a `Spare` in it.
        unsafe {
            let block = (*slab).free;
            (*slab).free = (*block).next;
            (*slab).used += 1;
            if (*slab).free.is_null() {
                self.unlink(class, slab);
            }
            NonNull::new_unchecked(block.cast())
        }
    }

    /// # Safety
    /// The block came from `take`, and nobody uses it any more.
    #[inline]
    unsafe fn give_back(&self, class: usize, block: NonNull<u8>) {
        let slab = block.as_ptr().map_addr(|address| address & !(SLAB - 1)).cast::<Slab>();
        let block = block.as_ptr().cast::<Spare>();
        // SAFETY: a slab is alive as long as one of its blocks is in use, and any block has room for a `Spare`.
        unsafe {
            let next = (*slab).free;
            block.write(Spare { next });
            (*slab).free = block;
            (*slab).used -= 1;
            if next.is_null() {
                self.link(class, slab);
            }
            if (*slab).used == 0 && self.beyond.get() > 0 {
                self.free_slab(class, slab);
            }
        }
    }

    /// A slab whose blocks are all free, in the list.
    #[cold]
    fn new_slab(&self, class: usize) -> *mut Slab {
        Closing::open(self);
        self.beyond.set(self.beyond.get() + 1);
        // SAFETY: the layout isn't empty.
        let Some(slab) = NonNull::new(unsafe { alloc(SLAB_LAYOUT) }) else {
            handle_alloc_error(SLAB_LAYOUT);
        };
        let mut free = null_mut();
        let size = CLASSES[class];
        for place in (0..(SLAB - FIRST) / size).rev() {
            // SAFETY: the block is inside the slab, and any block has room for a `Spare`.
            unsafe {
                let block = slab.as_ptr().add(FIRST + place * size).cast::<Spare>();
                block.write(Spare { next: free });
                free = block;
            }
        }
        let slab = slab.cast::<Slab>().as_ptr();
        // SAFETY: it was allocated for this.
        unsafe {
            slab.write(Slab { free, used: 0, before: null_mut(), after: null_mut() });
            self.link(class, slab);
        }
        slab
    }

    /// # Safety
    /// None of its blocks is in use; it is in the list, and nobody uses it any more.
    #[cold]
    unsafe fn free_slab(&self, class: usize, slab: *mut Slab) {
        self.beyond.set(self.beyond.get() - 1);
        // SAFETY: it is in the list, and was allocated with this layout.
        unsafe {
            self.unlink(class, slab);
            dealloc(slab.cast(), SLAB_LAYOUT);
        }
    }

    /// Puts a slab that has a free block before all others: what was used last is used next.
    ///
    /// # Safety
    /// It is alive, and not in the list.
    #[cold]
    unsafe fn link(&self, class: usize, slab: *mut Slab) {
        let first = self.open[class].replace(slab);
        // SAFETY: it is alive, so says the caller, and so are those in the list.
        unsafe {
            (*slab).before = null_mut();
            (*slab).after = first;
            if let Some(first) = first.as_mut() {
                first.before = slab;
            }
        }
    }

    /// # Safety
    /// It is in the list.
    #[cold]
    unsafe fn unlink(&self, class: usize, slab: *mut Slab) {
        // SAFETY: slabs in the list are alive.
        unsafe {
            let Slab { before, after, .. } = *slab;
            match before.as_mut() {
                Some(before) => before.after = after,
                None => self.open[class].set(after),
            }
            if let Some(after) = after.as_mut() {
                after.before = before;
            }
        }
    }
}

const SLAB_LAYOUT: Layout = match Layout::from_size_align(SLAB, SLAB) {
    Ok(layout) => layout,
    Err(_) => panic!("it is a power of two"),
};

#[inline]
fn allocate(layout: Layout) -> NonNull<u8> {
    match class(layout) {
        Some(class) => SLABS.with(|slabs| slabs.take(class)),
        None => allocate_alone(layout),
    }
}

#[cold]
fn allocate_alone(layout: Layout) -> NonNull<u8> {
    // SAFETY: a block isn't empty: it has a header.
    let block = unsafe { alloc(layout) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(layout))
}

/// # Safety
/// It came from `allocate` with this layout, and nobody uses it any more.
#[inline]
unsafe fn deallocate(block: NonNull<u8>, layout: Layout) {
    match class(layout) {
        // SAFETY: it came from a slab of this class, and nobody uses it any more, so says the caller.
        Some(class) => SLABS.with(|slabs| unsafe { slabs.give_back(class, block) }),
        // SAFETY: it was allocated with this layout.
        None => unsafe { dealloc(block.as_ptr(), layout) },
    }
}
