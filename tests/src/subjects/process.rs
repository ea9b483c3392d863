//! A subject in another process: any command that speaks the wire protocol on its standard input and output.
//!
//! Programs are sent ahead, answers come back in order. When the process ends, or is silent for too long, it
//! is started anew and the programs that it left unanswered are given to it one at a time: the one that it
//! fails on again, alone, is its failure; the rest go on. A process that never answered anything isn't a
//! subject at all.
//!
//! All of that has its bounds, or a subject that is always nearly too late, or that ends again and again, would
//! keep everybody busy for days: its patience as a whole (`CREDIT`), and how often it may fail for no reason
//! that shows again (`LAPSES`).

mod answers;

use crate::check::{ENOUGH, STORED};
use crate::operation_set::OperationSet;
use crate::subject::{ProgramFailure, Reply, Subject, SubjectError};
use answers::Reader;
pub(crate) use answers::read_reply;
use deferral_model::Program;
use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long a subject may take for an answer, unless it has its own limit.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How many times its patience it may keep one waiting in all. Each answer gives a [`SHARE`] of it back, until it
/// was silent once. When the credit is used up, an answer may take such a share: a second.
const CREDIT: u32 = 2;

/// See [`CREDIT`].
const SHARE: u32 = 10;

/// How often it may end or be silent with no program to blame for it; from then on the program is to blame that
/// it was to answer.
const LAPSES: u32 = 5;

/// In a hurry it may take so many times what its slowest answer took, and no less than this.
const HURRY: u32 = 8;
const HURRIED: Duration = Duration::from_millis(50);

/// The longest answer that a subject may give, in bytes.
const LONGEST: u64 = 256 << 20;

/// How many answers are read ahead.
const AHEAD: usize = 4096;

/// How much of what a process says on standard error is kept, in bytes.
const KEPT: usize = 4096;

/// A subject that is a command.
pub struct Process {
    name: String,
    command: Vec<String>,
    running: Option<Running>,
    patience: Duration,
    /// How long it may still keep one waiting.
    credit: Duration,
    /// How many times it had to be started again.
    restarts: u64,
    /// How many programs each batch has that wasn't collected yet.
    batches: VecDeque<usize>,
    /// The programs that weren't answered yet.
    pending: VecDeque<Asked>,
    /// How many of them the running process was given.
    sent: usize,
    /// How many answers were read in all.
    answered: u64,
    /// Programs left over from a failure: given one at a time.
    suspects: usize,
    /// How many times it has failed since a program was to blame for it.
    lapses: u32,
    /// Whether it was silent once.
    silent: bool,
    /// The longest that an answer took, with what starting it took.
    slowest: Duration,
    hurry: bool,
    reader: Reader,
    /// Whether the rest of what it was given isn't worth the time.
    given_up: Option<ProgramFailure>,
}

/// A program that the process is to answer.
struct Asked {
    line: String,
    uses: OperationSet,
}

struct Running {
    child: Child,
    to_writer: Option<Sender<String>>,
    lines: Receiver<String>,
    said: Arc<Mutex<Vec<u8>>>,
}

/// How the process failed on the program that it was to answer next.
enum Failure {
    Ended(String),
    /// For so long.
    Silent(Duration),
}

impl Failure {
    /// That it would hardly do so again on this program is no excuse any more.
    fn once_more(self) -> Self {
        match self {
            Self::Ended(cause) => {
                Self::Ended(format!("{cause}; {LAPSES} times before, no program was to blame"))
            }
            silent @ Self::Silent(_) => silent,
        }
    }
}

impl Process {
    /// Starts a command by `sh -c`.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start(name: &str, command: &str) -> Result<Self, SubjectError> {
        if name == STORED {
            let cause = "that name is for stored traces, which judge all subjects".to_owned();
            return Err(SubjectError::Start { subject: name.to_owned(), cause });
        }
        Self::start_program(name, &["sh", "-c", command])
    }

    /// Starts a program with its arguments.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start_program(name: &str, command: &[&str]) -> Result<Self, SubjectError> {
        let mut process = Self {
            name: name.to_owned(),
            command: command.iter().map(|&part| part.to_owned()).collect(),
            running: None,
            patience: PATIENCE,
            credit: PATIENCE * CREDIT,
            restarts: 0,
            batches: VecDeque::new(),
            pending: VecDeque::new(),
            sent: 0,
            answered: 0,
            suspects: 0,
            lapses: 0,
            silent: false,
            slowest: Duration::ZERO,
            hurry: false,
            reader: Reader::default(),
            given_up: None,
        };
        process.restart()?;
        Ok(process)
    }

    /// Gives it this long for an answer.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self.credit = patience * CREDIT;
        self
    }

    fn restart(&mut self) -> Result<(), SubjectError> {
        self.restarts += u64::from(self.running.is_some() && !self.hurry);
        self.running = None;
        self.sent = 0;
        let started = Running::start(&self.command);
        self.running =
            Some(started.map_err(|cause| SubjectError::Start {
                subject: self.name.clone(),
                cause: cause.to_string(),
            })?);
        Ok(())
    }

    /// Gives the process what it may have by now: one program after a failure, else all.
    fn send(&mut self) {
        let upto = if self.suspects > 0 { 1 } else { self.pending.len() };
        let Some(writer) = self.running.as_ref().and_then(|running| running.to_writer.as_ref()) else {
            return;
        };
        while self.sent < upto {
            // A writer that has ended says so by the missing answer.
            let _ = writer.send(self.pending[self.sent].line.clone());
            self.sent += 1;
        }
    }

    /// The answer to the oldest program that wasn't answered yet.
    fn next(&mut self) -> Result<Reply, SubjectError> {
        let (mut failures, mut failures_alone) = (0, 0);
        loop {
            self.send();
            let failure = match self.read() {
                Ok(line) => {
                    self.answered += 1;
                    let uses = self.taken();
                    return self.parse(&line, uses);
                }
                Err(failure) => failure,
            };
            if let Failure::Silent(patience) = failure
                && !std::mem::replace(&mut self.silent, true)
                && patience == self.patience
            {
                self.check_flushing()?;
            }
            failures += 1;
            // Answers to earlier programs may have been lost with the process, unless it had just this one.
            failures_alone += u32::from(self.suspects > 0 || self.sent == 1);
            self.suspects = self.suspects.max(self.sent);
            if failures_alone == 2 || (self.answered == 0 && failures == 2) {
                self.lapses = 0;
                return self.blame(failure);
            }
            if !self.hurry {
                if self.lapses == LAPSES {
                    return self.blame(failure.once_more());
                }
                self.lapses += 1;
            }
            self.restart()?;
        }
    }

    /// The oldest program has its reply: what that program uses.
    fn taken(&mut self) -> OperationSet {
        let asked = self.pending.pop_front();
        self.sent = self.sent.saturating_sub(1);
        self.suspects = self.suspects.saturating_sub(1);
        asked.map(|asked| asked.uses).unwrap_or_default()
    }

    /// The process failed on a program, and again when it had that one alone, or has failed too often.
    fn blame(&mut self, failure: Failure) -> Result<Reply, SubjectError> {
        if self.answered == 0 {
            let subject = self.name.clone();
            return Err(match failure {
                Failure::Ended(cause) => SubjectError::Died { subject, cause },
                Failure::Silent(patience) => SubjectError::Silent { subject, seconds: seconds(patience) },
            });
        }
        self.taken();
        self.restart()?;
        Ok(Reply::Failed(match failure {
            Failure::Ended(cause) => ProgramFailure::Crashed(cause),
            Failure::Silent(patience) => ProgramFailure::Hung(seconds(patience)),
        }))
    }

    fn read(&mut self) -> Result<String, Failure> {
        let share = self.patience / SHARE;
        let patience = match self.hurry {
            true => (self.slowest * HURRY).max(HURRIED).min(self.patience),
            false => self.credit.clamp(share, self.patience),
        };
        let Some(running) = &mut self.running else {
            return Err(Failure::Ended("it isn't running".to_owned()));
        };
        let asked = Instant::now();
        let read = running.lines.recv_timeout(patience);
        let took = asked.elapsed();
        if !self.hurry {
            self.credit = self.credit.saturating_sub(took);
        }
        match read {
            Ok(line) => {
                self.slowest = self.slowest.max(took);
                if !self.silent {
                    self.credit = (self.credit + share).min(self.patience * CREDIT);
                }
                Ok(line)
            }
            Err(RecvTimeoutError::Timeout) => Err(Failure::Silent(patience)),
            Err(RecvTimeoutError::Disconnected) => Err(Failure::Ended(running.ended())),
        }
    }

    /// An answer that comes as soon as the silent process has no more input lay in its buffer all the time.
    fn check_flushing(&mut self) -> Result<(), SubjectError> {
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        running.to_writer = None;
        match running.lines.recv_timeout(self.patience / SHARE) {
            Ok(line) => {
                let cause =
                    "it came late, when the input was ended: does it flush its output before it waits?";
                Err(self.rubbish(&line, self.answered + 1, cause))
            }
            Err(_) => Ok(()),
        }
    }

    fn parse(&mut self, line: &str, uses: OperationSet) -> Result<Reply, SubjectError> {
        self.reader.read(line, uses).map_err(|cause| self.rubbish(line, self.answered, &cause))
    }

    fn rubbish(&self, text: &str, line: u64, cause: &str) -> SubjectError {
        let mut shown: String = text.chars().take(80).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        SubjectError::Rubbish { subject: self.name.clone(), line, cause: cause.to_owned(), text: shown }
    }
}

fn seconds(time: Duration) -> u64 {
    time.as_secs_f64().ceil() as u64
}

impl Subject for Process {
    fn name(&self) -> &str {
        &self.name
    }

    fn submit(&mut self, programs: &[Program]) -> Result<(), SubjectError> {
        self.batches.push_back(programs.len());
        let asked =
            |program: &Program| Asked { line: program.to_json() + "\n", uses: OperationSet::of(program) };
        self.pending.extend(programs.iter().map(asked));
        self.send();
        Ok(())
    }

    fn collect(&mut self) -> Result<Vec<Reply>, SubjectError> {
        let size = self.batches.pop_front().unwrap_or(0);
        let (mut replies, mut failures) = (Vec::with_capacity(size), 0);
        while replies.len() < size {
            // No run shows more failures than enough. To wait for those behind them, here and in the batches that
            // it was given already, could take hours.
            if let Some(failure) = &self.given_up {
                replies.push(Reply::Failed(failure.clone()));
                self.pending.pop_front();
                continue;
            }
            let reply = self.next()?;
            if let Reply::Failed(failure) = &reply {
                failures += 1;
                self.given_up = (failures == ENOUGH).then(|| failure.clone());
            }
            replies.push(reply);
        }
        if self.batches.is_empty() && self.given_up.take().is_some() {
            self.suspects = 0;
            self.restart()?;
        }
        Ok(replies)
    }

    fn restarts(&self) -> u64 {
        self.restarts
    }

    fn hurry(&mut self, hurry: bool) {
        self.hurry = hurry;
    }

    fn finish(&mut self) -> Result<(), SubjectError> {
        let patience = self.patience;
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        running.to_writer = None;
        match running.lines.recv_timeout(patience) {
            Ok(line) => {
                let cause = "it is one answer more than there were programs";
                Err(self.rubbish(&line, self.answered + 1, cause))
            }
            _ => Ok(()),
        }
    }
}

impl Running {
    fn start(command: &[String]) -> std::io::Result<Self> {
        let mut child = Command::new(&command[0])
            .args(&command[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own, to be ended with all that it started.
            .process_group(0)
            .spawn()?;
        let mut stdin = child.stdin.take().expect("it is piped");
        let stdout = child.stdout.take().expect("it is piped");
        let mut stderr = child.stderr.take().expect("it is piped");
        let (to_writer, texts) = channel::<String>();
        std::thread::spawn(move || {
            while let Ok(mut text) = texts.recv() {
                // What waits already goes with it.
                while text.len() < 1 << 16
                    && let Ok(more) = texts.try_recv()
                {
                    text.push_str(&more);
                }
                if stdin.write_all(text.as_bytes()).and_then(|()| stdin.flush()).is_err() {
                    return;
                }
            }
        });
        let (to_lines, lines) = sync_channel(AHEAD);
        std::thread::spawn(move || {
            let mut stdout = BufReader::with_capacity(1 << 16, stdout);
            loop {
                let mut line = Vec::new();
                match (&mut stdout).take(LONGEST).read_until(b'\n', &mut line) {
                    // Too long a line: the beginning of it is shown.
                    Ok(len) if len as u64 == LONGEST => line.truncate(KEPT),
                    Ok(_) if line.pop() == Some(b'\n') => {}
                    // The end, perhaps in the middle of an answer, which counts for none.
                    _ => return,
                }
                if to_lines.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
            }
        });
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&said);
        std::thread::spawn(move || {
            let mut chunk = [0; 1024];
            while let Ok(len @ 1..) = stderr.read(&mut chunk) {
                let mut said = heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                said.extend_from_slice(&chunk[..len]);
                let surplus = said.len().saturating_sub(KEPT);
                said.drain(..surplus);
            }
        });
        Ok(Self { child, to_writer: Some(to_writer), lines, said })
    }

    /// How the process ended, and the last that it said.
    fn ended(&mut self) -> String {
        // Its output is closed; a process that lives on all the same is ended.
        std::thread::sleep(Duration::from_millis(20));
        let status = match self.child.try_wait() {
            Ok(Some(status)) => status.to_string(),
            _ => "it closed its output".to_owned(),
        };
        let said = self.said.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let said = String::from_utf8_lossy(&said);
        match said.lines().rev().find(|line| !line.trim().is_empty()) {
            Some(last) => format!("{status}, its last words: {}", last.trim()),
            None => status,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.to_writer = None;
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // It may have ended by itself, and with it its group.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
