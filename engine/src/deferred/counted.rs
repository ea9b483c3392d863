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
//! - A block whose size has a class, and that is freed, goes to its thread's list of free blocks of that class,
//!   as long as there is room. Nothing points to it then.

#![allow(unsafe_code, reason = "blocks of memory are shared, counted and used again")]

#[cfg(test)]
mod tests;

use super::coroutine::Resume;
use super::reclaim::{Reclaimable, suspect};
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, size_of};
use std::ops::Deref;
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

/// The sizes, in bytes, of blocks that are used again: most Deferreds' is the first.
const CLASSES: [usize; 3] = [96, 128, 192];

/// How many free blocks a thread keeps at most.
const KEPT: usize = if cfg!(no_reuse) { 0 } else { 4096 };

/// Blocks of all classes are aligned to this, as allocators do anyway.
const ALIGN: usize = 2 * size_of::<usize>();

/// The class of a block, and its layout then.
#[inline]
fn class(layout: Layout) -> Option<usize> {
    if layout.align() > ALIGN {
        return None;
    }
    CLASSES.iter().position(|size| layout.size() <= *size)
}

#[inline]
fn layout_of(class: usize) -> Layout {
    Layout::from_size_align(CLASSES[class], ALIGN).expect("the alignment is a power of two")
}

/// A block that is free.
struct Spare {
    next: *mut Spare,
}

/// The free blocks of a thread. They have no destructor of their own, so that they can be had while the thread ends:
/// [`Closing`] is what sees to them then.
struct SpareBlocks {
    classes: [Cell<*mut Spare>; CLASSES.len()],
    /// How many more may be kept; 0 at first, and when the thread ends.
    room: Cell<usize>,
}

thread_local! {
    static SPARE: SpareBlocks = const {
        SpareBlocks { classes: [const { Cell::new(null_mut()) }; CLASSES.len()], room: Cell::new(0) }
    };
    static CLOSING: Closing = const { Closing { opened: Cell::new(false) } };
}

/// Frees the free blocks when the thread ends; those that come later go back at once.
struct Closing {
    opened: Cell<bool>,
}

impl Drop for Closing {
    fn drop(&mut self) {
        SPARE.with(|spare| {
            for class in 0..CLASSES.len() {
                while let Some(block) = spare.take(class) {
                    // SAFETY: it was allocated with the layout of its class.
                    unsafe { dealloc(block.as_ptr(), layout_of(class)) };
                }
            }
            spare.room.set(0);
        });
    }
}

impl SpareBlocks {
    #[inline]
    fn take(&self, class: usize) -> Option<NonNull<u8>> {
        let first = NonNull::new(self.classes[class].get())?;
        // SAFETY: what is in the list is free memory of this class with a `Spare` in it.
        self.classes[class].set(unsafe { first.as_ref().next });
        self.room.set(self.room.get() + 1);
        Some(first.cast())
    }

    /// Whether there was room for it.
    ///
    /// # Safety
    /// The block is of this class, and nobody uses it any more.
    #[inline]
    unsafe fn keep(&self, class: usize, block: NonNull<u8>) -> bool {
        if self.room.get() == 0 && !self.open() {
            return false;
        }
        self.room.set(self.room.get() - 1);
        let spare = Spare { next: self.classes[class].get() };
        // SAFETY: a block of any class is large enough, and aligned.
        unsafe { block.cast::<Spare>().write(spare) };
        self.classes[class].set(block.as_ptr().cast());
        true
    }

    /// Makes room, once in a thread; whether there is any.
    #[cold]
    fn open(&self) -> bool {
        // It can't be had any more while the thread ends: then nobody would free the blocks.
        if let Ok(false) = CLOSING.try_with(|closing| closing.opened.replace(true)) {
            self.room.set(KEPT);
        }
        self.room.get() > 0
    }
}

#[inline]
fn allocate(layout: Layout) -> NonNull<u8> {
    let class = class(layout);
    if let Some(class) = class
        && let Some(block) = SPARE.with(|spare| spare.take(class))
    {
        return block;
    }
    allocate_afresh(class.map_or(layout, layout_of))
}

#[cold]
fn allocate_afresh(layout: Layout) -> NonNull<u8> {
    // SAFETY: a block isn't empty: it has a header.
    let block = unsafe { alloc(layout) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(layout))
}

/// # Safety
/// It came from `allocate` with this layout, and nobody uses it any more.
#[inline]
unsafe fn deallocate(block: NonNull<u8>, layout: Layout) {
    let class = class(layout);
    if let Some(class) = class {
        // SAFETY: it is of this class, and nobody uses it any more, so says the caller.
        if SPARE.with(|spare| unsafe { spare.keep(class, block) }) {
            return;
        }
    }
    // SAFETY: it was allocated with this layout.
    unsafe { dealloc(block.as_ptr(), class.map_or(layout, layout_of)) };
}
