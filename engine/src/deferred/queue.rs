//! The queue of a Deferred's entries: closures of any size, one after another in plain memory.
//!
//! ```text
//!   in the node: 4 words                     chunks, each twice as large as the one before
//!  ┌──────┬─────────┬──────┬─────────┐      ┌────────┬──────┬─────────┬──────┬──────┬ …
//!  │ kind │ capture │ kind │ capture │      │ header │ step │ capture │ step │ step │
//!  └──────┴─────────┴──────┴─────────┘      └────────┴──────┴─────────┴──────┴──────┴ …
//!  first ▲                     end ▲           ▲      read ▲                   end ▲
//!   tail ──► the last chunk, whose head ───────┘ is the first one
//! ```
//!
//! An entry is a word for its type, and then the payload itself. In the node the word points to the [`Kind`]: how large
//! such an entry is, how it is called, shown and dropped. In a chunk it points to the function that runs such an entry
//! ([`Step`]), so that this is found at once where entries are many; it is asked for the kind where that is needed.
//! Entries never move, and there is no allocation for one, unless its payload is aligned to more than a word: such a
//! one is boxed.
//!
//! Invariants:
//! - Between `first` and `end` in the node, and between `read` and `end` in each chunk, there is one whole
//!   entry after the other: a kind or its step, and a payload of that kind that is initialised and owned by the queue.
//! - The entries in the node come before those in chunks; while there are chunks, no entry goes into the node. Where
//!   there is none in the node any more, both borders are 0, or [`CHUNKS`] while there are chunks; instead of the
//!   second one it is [`ALONE`] while nobody but one loop takes entries out of chunks.
//! - Only the last chunk is written to, and only it knows the first one.
//! - Entries are taken out by moving the border over them *before* their payload is read, and the payload is
//!   read before any code of the user's runs. So a payload is dropped by its callback or by the queue, never by
//!   both, whatever panics.
//! - No method keeps a reference into the memory of the queue while code of the user's runs: that may add
//!   entries, which may write over what was taken out.

#![allow(unsafe_code, reason = "closures of different types lie side by side")]

#[cfg(test)]
mod tests;

use super::reclaim::Seen;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::{Cell, UnsafeCell};
use std::marker::PhantomData;
use std::mem::{MaybeUninit, align_of, size_of};
use std::ops::ControlFlow;
use std::ptr::{NonNull, null_mut};

/// What memory is counted in: the size of a pointer, and its alignment.
type Word = usize;

const WORD: usize = size_of::<Word>();

/// How many words of entries lie in the node itself: two callbacks that capture a word each.
const IN_NODE: usize = 4;

/// Both borders in the node while all entries are in chunks.
const CHUNKS: u8 = u8::MAX;

/// What the second border is while a loop runs entries in chunks, until one of those takes others out by itself.
const ALONE: u8 = CHUNKS - 1;

/// Entries of more words get a chunk of their own.
const SMALL: usize = 1 << 16;

/// How many words of entries the first chunk has room for: with its header it has 32 words.
const FIRST_CHUNK: usize = 32 - HEADER;

/// What entries are run on.
pub(super) trait Context {
    /// How an entry is given it.
    type At<'a>: Copy
    where
        Self: 'a;
    /// Whom an entry that stops the run goes on with.
    type Link;
    /// Who waits.
    type Waiter;
}

/// Whether the next entry is to run; and if not, with whom to go on, if anyone.
pub(super) type Flow<C> = ControlFlow<Option<<C as Context>::Link>>;

/// What is in a queue.
pub(super) trait Payload<C: Context>: Sized {
    /// Runs the entry.
    fn call(self, at: C::At<'_>) -> Flow<C>;

    /// Shows the edges that the entry holds.
    fn edges(&self, _: &mut Seen<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Who waits by this entry.
    fn waiter(&self) -> Option<&C::Waiter> {
        None
    }
}

/// A payload that is aligned to more than a word, elsewhere.
struct Boxed<P>(Box<P>);

impl<C: Context, P: Payload<C>> Payload<C> for Boxed<P> {
    fn call(self, at: C::At<'_>) -> Flow<C> {
        (*self.0).call(at)
    }

    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        self.0.edges(seen)
    }

    fn waiter(&self) -> Option<&C::Waiter> {
        self.0.waiter()
    }
}

/// Runs the payload that lies there.
type Call<C> = unsafe fn(*mut Word, <C as Context>::At<'_>) -> Flow<C>;

/// Takes the entry out of a chunk, by moving the chunk's border, and runs it; gives how many words it had, if the next
/// one is to run. They are a constant there: they aren't waited for as what is read from memory is.
///
/// Without anything to run it on: writes its kind where it is told to.
type Step<C> = unsafe fn(
    *mut Word,
    Out<C>,
    Option<<C as Context>::At<'_>>,
) -> ControlFlow<Option<<C as Context>::Link>, usize>;

/// What a step writes to.
union Out<C: Context> {
    border: *mut *mut Word,
    kind: *mut *const Kind<C>,
}

impl<C: Context> Clone for Out<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: Context> Copy for Out<C> {}

/// What can be done with an entry of some type; one for each type, for ever.
struct Kind<C: Context> {
    /// How many words an entry has, this one included.
    words: usize,
    /// Reads the payload, and runs it.
    call: Call<C>,
    /// The same, in chunks.
    step: Step<C>,
    edges: unsafe fn(*const Word, &mut Seen<'_>) -> ControlFlow<()>,
    waiter: unsafe fn(*const Word) -> Option<NonNull<C::Waiter>>,
    drop: unsafe fn(*mut Word),
}

/// How many words an entry with such a payload has.
const fn words<P>() -> usize {
    1 + size_of::<P>().div_ceil(WORD)
}

/// Gives the kind of a payload.
struct KindOf<C, P>(PhantomData<(C, P)>);

impl<C: Context, P: Payload<C>> KindOf<C, P> {
    const KIND: Kind<C> = Kind {
        words: words::<P>(),
        call: call::<C, P>,
        step: step::<C, P>,
        edges: edges::<C, P>,
        waiter: waiter::<C, P>,
        drop: drop_in_place::<P>,
    };
}

/// That entries of a type can be run: shown where it is known, for where it isn't.
pub(super) struct Entries<C: Context, P>(*const Kind<C>, PhantomData<fn(P)>);

impl<C: Context, P: Payload<C>> Entries<C, P> {
    #[inline]
    pub(super) const fn of() -> Self {
        const { assert!(align_of::<P>() <= WORD, "what needs more is boxed") };
        Self(const { &KindOf::<C, P>::KIND }, PhantomData)
    }
}

/// # Safety
/// A payload of type `P` lies there, and is taken out of the queue by this.
unsafe fn call<C: Context, P: Payload<C>>(payload: *mut Word, at: C::At<'_>) -> Flow<C> {
    // SAFETY: it lies there, aligned as `push` saw to, and whoever calls this gives it away.
    let payload = unsafe { payload.cast::<P>().read() };
    payload.call(at)
}

/// # Safety
/// With something to run it on: an entry with a payload of type `P` begins there, at the border that is given, and is
/// taken out of the queue by this. Without: a kind may be written.
unsafe fn step<C: Context, P: Payload<C>>(
    entry: *mut Word,
    out: Out<C>,
    at: Option<C::At<'_>>,
) -> ControlFlow<Option<C::Link>, usize> {
    let words = const { words::<P>() };
    let Some(at) = at else {
        // SAFETY: the caller says so.
        unsafe { out.kind.write(const { &KindOf::<C, P>::KIND }) };
        return ControlFlow::Continue(words);
    };
    // SAFETY: the entry lies there, aligned as `push` saw to, and whoever calls this gives it away.
    let payload = unsafe {
        out.border.write(entry.add(words));
        entry.add(1).cast::<P>().read()
    };
    payload.call(at).map_continue(|()| words)
}

/// The kind of an entry in the node.
///
/// # Safety
/// An entry begins there.
unsafe fn kind_in_node<'k, C: Context + 'k>(entry: *const Word) -> &'k Kind<C> {
    // SAFETY: an entry begins there with its kind, which lives for ever.
    unsafe { &*entry.cast::<*const Kind<C>>().read() }
}

/// The kind of an entry in a chunk.
///
/// # Safety
/// An entry begins there.
unsafe fn kind_in_chunk<'k, C: Context + 'k>(entry: *const Word) -> &'k Kind<C> {
    let mut kind = std::ptr::null();
    // SAFETY: an entry begins there with a step, which writes the kind; that lives for ever.
    unsafe {
        let step = entry.cast::<Step<C>>().read();
        let _ = step(null_mut(), Out { kind: &raw mut kind }, None);
        &*kind
    }
}

/// # Safety
/// A payload of type `P` lies there.
unsafe fn edges<C: Context, P: Payload<C>>(payload: *const Word, seen: &mut Seen<'_>) -> ControlFlow<()> {
    // SAFETY: it lies there; to show edges runs no code of the user's, so it stays there meanwhile.
    unsafe { &*payload.cast::<P>() }.edges(seen)
}

/// # Safety
/// A payload of type `P` lies there.
unsafe fn waiter<C: Context, P: Payload<C>>(payload: *const Word) -> Option<NonNull<C::Waiter>> {
    // SAFETY: it lies there.
    unsafe { &*payload.cast::<P>() }.waiter().map(NonNull::from)
}

/// # Safety
/// A payload of type `P` lies there, and is taken out of the queue by this.
unsafe fn drop_in_place<P>(payload: *mut Word) {
    // SAFETY: as in `call`. It is read first, so that its drop can't find it in the queue's memory any more.
    drop(unsafe { payload.cast::<P>().read() });
}

/// The beginning of a chunk.
struct Chunk {
    /// Where the first entry begins, where the last one ends, and where the chunk does.
    read: *mut Word,
    end: *mut Word,
    limit: *mut Word,
    next: *mut Chunk,
    /// In the last chunk: the first one.
    head: *mut Chunk,
}

const HEADER: usize = size_of::<Chunk>() / WORD;

/// The entries of a Deferred, first in, first out.
///
/// Of the word that the queue's two borders lie in six bytes are left: for `beside`, which is another's.
pub(super) struct Queue<C: Context, B = ()> {
    node: UnsafeCell<MaybeUninit<[Word; IN_NODE]>>,
    tail: Cell<*mut Chunk>,
    first: Cell<u8>,
    end: Cell<u8>,
    pub(super) beside: B,
    entries: PhantomData<fn(C) -> C>,
}

impl<C: Context, B> Queue<C, B> {
    #[inline]
    pub(super) const fn new(beside: B) -> Self {
        Self {
            node: UnsafeCell::new(MaybeUninit::uninit()),
            tail: Cell::new(null_mut()),
            first: Cell::new(0),
            end: Cell::new(0),
            beside,
            entries: PhantomData,
        }
    }

    #[inline]
    pub(super) fn has_chunks(&self) -> bool {
        !self.tail.get().is_null()
    }

    /// Whether there is neither an entry nor a chunk. (A chunk stays until it is seen that it was emptied.)
    #[inline]
    pub(super) fn is_bare(&self) -> bool {
        self.end.get() == 0
    }

    /// Appends an entry.
    #[inline]
    pub(super) fn push<P: Payload<C>>(&self, payload: P) {
        if align_of::<P>() > WORD {
            self.append(Boxed(Box::new(payload)));
        } else {
            self.append(payload);
        }
    }

    #[inline]
    fn append<P: Payload<C>>(&self, payload: P) {
        debug_assert!(align_of::<P>() <= WORD, "what needs more is boxed");
        self.write(const { &KindOf::<C, P>::KIND }, payload);
    }

    /// Appends an entry of a type that is known to be one.
    #[inline]
    pub(super) fn push_one_of<P>(&self, entries: &Entries<C, P>, payload: P) {
        self.write(entries.0, payload);
    }

    /// Appends an entry, which is of this kind, and aligned to no more than a word.
    #[inline]
    fn write<P>(&self, kind: *const Kind<C>, payload: P) {
        let words = words::<P>();
        // SAFETY: `room_in_node` and `room_in_chunk` gave so many words that hold no entry, aligned to a word, which is
        // enough for `P`. They are inside the borders now: the entry is whole before anything else can happen. The kind
        // lives for ever.
        unsafe {
            let place = match self.room_in_node(words) {
                Some(place) => {
                    place.cast::<*const Kind<C>>().write(kind);
                    place
                }
                None => {
                    let place = self.room_in_chunk(words);
                    place.cast::<Step<C>>().write((*kind).step);
                    place
                }
            };
            place.add(1).cast::<P>().write(payload);
        }
    }

    /// So many words behind the last entry, where that is in the node, and there is room; they are inside the borders
    /// from now on.
    #[inline]
    fn room_in_node(&self, words: usize) -> Option<*mut Word> {
        let end = usize::from(self.end.get());
        if self.has_chunks() || end + words > IN_NODE {
            return None;
        }
        self.end.set((end + words) as u8);
        // SAFETY: it is inside the array.
        Some(unsafe { self.node.get().cast::<Word>().add(end) })
    }

    /// So many words behind the last entry, in a chunk; they are inside its borders from now on.
    #[inline]
    fn room_in_chunk(&self, words: usize) -> *mut Word {
        let tail = self.tail.get();
        if !tail.is_null() && words <= SMALL {
            // SAFETY: the tail is alive where it isn't null, and its borders are inside it. Where the sum is no more than
            // the limit it is inside, too: it doesn't wrap around (`new_chunk`).
            unsafe {
                let place = (*tail).end;
                let end = place.wrapping_add(words);
                if end <= (*tail).limit {
                    (*tail).end = end;
                    return place;
                }
            }
        }
        self.room_in_new_chunk(words)
    }

    #[cold]
    fn room_in_new_chunk(&self, words: usize) -> *mut Word {
        let tail = self.tail.get();
        // SAFETY: the tail is alive where it isn't null; a new chunk has at least the words that were asked for
        // behind its header.
        unsafe {
            let room = if tail.is_null() { FIRST_CHUNK } else { 2 * (words_of(tail) - HEADER) };
            let fresh = new_chunk(HEADER + room.max(words));
            if !tail.is_null() {
                (*tail).next = fresh;
                (*fresh).head = (*tail).head;
            }
            self.tail.set(fresh);
            if self.is_bare() {
                self.set_borders(CHUNKS);
            }
            let place = (*fresh).end;
            (*fresh).end = place.add(words);
            place
        }
    }

    /// The first entry, which is out of the queue from now on.
    #[inline]
    fn take(&self) -> Option<(&'_ Kind<C>, *mut Word)> {
        self.take_in_node().or_else(|| self.take_in_chunk())
    }

    /// The first entry, where that is in the node.
    #[inline]
    fn take_in_node(&self) -> Option<(&'_ Kind<C>, *mut Word)> {
        let (first, end) = (self.first.get(), self.end.get());
        if first >= end || fault!(F90) && !self.tail.get().is_null() {
            return None;
        }
        let first = usize::from(first);
        // SAFETY: the borders differ: an entry begins there, and its kind lives for ever.
        unsafe {
            let place = self.node.get().cast::<Word>().add(first);
            let kind = kind_in_node::<C>(place);
            let first = (first + kind.words) as u8;
            if first < end {
                self.first.set(first);
            } else {
                self.set_borders(if self.tail.get().is_null() { 0 } else { CHUNKS });
            }
            Some((kind, place.add(1)))
        }
    }

    /// The first entry, where that is in a chunk.
    #[inline]
    fn take_in_chunk(&self) -> Option<(&'_ Kind<C>, *mut Word)> {
        let head = self.first_chunk()?;
        // SAFETY: it is alive, and an entry begins at its border.
        unsafe {
            let place = (*head).read;
            let kind = kind_in_chunk::<C>(place);
            (*head).read = place.add(kind.words);
            Some((kind, place.add(1)))
        }
    }

    /// The chunk that the first entry is in, where it is in one. From now on no loop is alone.
    #[inline]
    fn first_chunk(&self) -> Option<*mut Chunk> {
        let tail = self.tail.get();
        if self.first.get() == CHUNKS {
            self.end.set(CHUNKS);
        } else if !fault!(F90) || tail.is_null() {
            return None;
        }
        // SAFETY: there are chunks, so says the border; the tail is alive, and so is the head.
        unsafe {
            let head = (*tail).head;
            if (*head).read == (*head).end { self.next_chunk(head) } else { Some(head) }
        }
    }

    #[inline]
    fn set_borders(&self, borders: u8) {
        self.first.set(borders);
        self.end.set(borders);
    }

    /// Frees the first chunk; gives the next one.
    ///
    /// # Safety
    /// It is the head, and has no entry any more; what was taken out of it last was read.
    #[cold]
    unsafe fn next_chunk(&self, head: *mut Chunk) -> Option<*mut Chunk> {
        // SAFETY: chunks in the list are alive.
        unsafe {
            let next = (*head).next;
            if next.is_null() {
                self.tail.set(null_mut());
                // (With entries left in the node it is a planted fault that takes from chunks first.)
                if self.first.get() == CHUNKS {
                    self.set_borders(0);
                }
            } else {
                (*self.tail.get()).head = next;
            }
            free_chunk(head);
            (!next.is_null()).then_some(next)
        }
    }

    /// Runs entries, first to last, until one stops it, or there are none left.
    ///
    /// A panic of one leaves the others in the queue.
    #[inline]
    pub(super) fn run(&self, at: C::At<'_>) -> Flow<C> {
        loop {
            while let Some((kind, payload)) = self.take_in_node() {
                // SAFETY: the payload is of this kind, and out of the queue.
                unsafe { (kind.call)(payload, at) }?;
            }
            while fault!(F90)
                && let Some((kind, payload)) = self.take_in_chunk()
            {
                // SAFETY: as of one in the node.
                unsafe { (kind.call)(payload, at) }?;
            }
            if self.first.get() == CHUNKS {
                self.run_chunks(at)?;
            }
            // One in a chunk may have emptied the queue, and added others.
            if self.is_bare() {
                return ControlFlow::Continue(());
            }
        }
    }

    /// Runs the entries in chunks, until one stops it, or there are none left. (Apart, so that entries in the node are
    /// run with few registers.)
    #[inline(never)]
    fn run_chunks(&self, at: C::At<'_>) -> Flow<C> {
        while let Some(head) = self.first_chunk() {
            let alone = Alone::begin(&self.end);
            // SAFETY: the head is alive; and so it is after an entry ran, while the loop is still alone: a chunk is freed
            // by who takes entries out. So an entry begins at its border, unless that is where the last one ends. Each is
            // out of the queue when it is run.
            unsafe {
                let mut entry = (*head).read;
                while entry != (*head).end {
                    let step = entry.cast::<Step<C>>().read();
                    let words = step(entry, Out { border: &raw mut (*head).read }, Some(at))?;
                    if !alone.is_so() {
                        break;
                    }
                    debug_assert!((*head).read == entry.add(words), "nobody else takes entries out");
                    entry = entry.add(words);
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Drops the first entry: whether there was one.
    pub(super) fn drop_first(&self) -> bool {
        match self.take() {
            Some((kind, payload)) => {
                // SAFETY: the payload is of this kind, and out of the queue.
                unsafe { (kind.drop)(payload) };
                true
            }
            None => false,
        }
    }

    /// Shows what each entry leads to, first to last, until told to stop.
    pub(super) fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        self.each(&mut |kind, payload| {
            // SAFETY: the payload is of this kind, and stays in the queue; nothing is added or taken meanwhile,
            // as showing edges runs no code of the user's.
            unsafe { (kind.edges)(payload, seen) }
        })
    }

    /// Shows who waits, first to last, until told to stop. Meanwhile the queue mustn't be touched; `seen` is ours.
    pub(super) fn waiters(&self, seen: &mut dyn FnMut(&C::Waiter) -> ControlFlow<()>) -> ControlFlow<()> {
        self.each(&mut |kind, payload| {
            // SAFETY: as in `edges`.
            unsafe {
                (kind.waiter)(payload).map_or(ControlFlow::Continue(()), |waiter| seen(waiter.as_ref()))
            }
        })
    }

    /// Shows who waits by the first entry, where that is in the node and is one that waits. Meanwhile the queue mustn't
    /// be touched; `seen` is ours.
    #[inline]
    pub(super) fn first_waiter<R>(&self, seen: impl FnOnce(&C::Waiter) -> R) -> Option<R> {
        let first = self.first.get();
        if first >= self.end.get() {
            return None;
        }
        // SAFETY: the borders differ: an entry begins there. The rest is as in `edges`.
        unsafe {
            let place = self.node.get().cast::<Word>().add(usize::from(first));
            let kind = kind_in_node::<C>(place);
            (kind.waiter)(place.add(1)).map(|waiter| seen(waiter.as_ref()))
        }
    }

    /// Where the last entry ends: another place once one was added.
    pub(super) fn back(&self) -> (*const (), usize) {
        let tail = self.tail.get();
        if tail.is_null() {
            return (tail.cast(), usize::from(self.end.get()));
        }
        // SAFETY: the tail is alive where it isn't null.
        (tail.cast(), unsafe { (*tail).end.addr() })
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        let mut len = 0;
        let _ = self.each(&mut |_, _| {
            len += 1;
            ControlFlow::Continue(())
        });
        len
    }

    fn each(&self, seen: &mut dyn FnMut(&Kind<C>, *const Word) -> ControlFlow<()>) -> ControlFlow<()> {
        /// # Safety
        /// From the one place to the other there is one whole entry after the other, whose kinds are told so.
        unsafe fn each_between<'k, C: Context + 'k>(
            (mut at, end): (*const Word, *const Word),
            kind_of: unsafe fn(*const Word) -> &'k Kind<C>,
            seen: &mut dyn FnMut(&Kind<C>, *const Word) -> ControlFlow<()>,
        ) -> ControlFlow<()> {
            while at != end {
                // SAFETY: an entry begins there, as it does at one border, and behind each entry up to the other.
                unsafe {
                    let kind = kind_of(at);
                    seen(kind, at.add(1))?;
                    at = at.add(kind.words);
                }
            }
            ControlFlow::Continue(())
        }
        let node = self.node.get().cast::<Word>();
        let (first, end) = (usize::from(self.first.get()), usize::from(self.end.get()));
        // SAFETY: where they differ, the borders are inside the array; the tail is alive where it isn't null, and so are the chunks
        // from its head to itself.
        unsafe {
            if first < end {
                each_between((node.add(first), node.add(end)), kind_in_node::<C>, seen)?;
            }
            let tail = self.tail.get();
            let mut chunk = if tail.is_null() { tail } else { (*tail).head };
            while !chunk.is_null() {
                each_between(((*chunk).read, (*chunk).end), kind_in_chunk::<C>, seen)?;
                chunk = (*chunk).next;
            }
        }
        ControlFlow::Continue(())
    }
}

impl<C: Context, B> Drop for Queue<C, B> {
    /// Whoever has entries that may panic when they are dropped drops them one by one before.
    #[inline]
    fn drop(&mut self) {
        if !self.is_bare() {
            while self.drop_first() {}
        }
    }
}

/// A loop that takes entries out of chunks, alone until it is seen that it isn't. Whatever ends it, one around it sees
/// then that entries were taken out.
struct Alone<'q>(&'q Cell<u8>);

impl<'q> Alone<'q> {
    fn begin(end: &'q Cell<u8>) -> Self {
        end.set(ALONE);
        Self(end)
    }

    #[inline(always)]
    fn is_so(&self) -> bool {
        self.0.get() == ALONE
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        if self.is_so() {
            self.0.set(CHUNKS);
        }
    }
}

#[cold]
fn new_chunk(words: usize) -> *mut Chunk {
    let layout = layout(words);
    // SAFETY: the layout isn't empty: it has the header.
    let Some(chunk) = NonNull::new(unsafe { alloc(layout) }.cast::<Chunk>()) else {
        handle_alloc_error(layout)
    };
    // SAFETY: it was allocated for this, and is so large.
    unsafe {
        let start = chunk.cast::<Word>().add(HEADER).as_ptr();
        let limit = chunk.cast::<Word>().add(words).as_ptr();
        assert!(limit.addr() <= usize::MAX - SMALL * WORD, "there is memory behind it");
        chunk.write(Chunk { read: start, end: start, limit, next: null_mut(), head: chunk.as_ptr() });
    }
    chunk.as_ptr()
}

/// How many words a chunk has, its header included.
///
/// # Safety
/// It is alive.
unsafe fn words_of(chunk: *mut Chunk) -> usize {
    // SAFETY: it is alive, so says the caller.
    (unsafe { (*chunk).limit.addr() } - chunk.addr()) / WORD
}

/// # Safety
/// It came from `new_chunk`, and nobody uses it any more.
unsafe fn free_chunk(chunk: *mut Chunk) {
    // SAFETY: it was allocated with this layout.
    unsafe { dealloc(chunk.cast(), layout(words_of(chunk))) };
}

fn layout(words: usize) -> Layout {
    Layout::array::<Word>(words).expect("entries fit into memory")
}
