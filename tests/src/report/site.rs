//! The report of a run as a static site: what was found, what was met, which clauses each subject keeps, and a page for
//! every divergence and every stored program. It needs no network and no server.

mod facts;
mod heat;
mod pages;
mod table;

use crate::check::Summary;
use crate::matrix::Matrix;
use minijinja::{Environment, Value};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file that says that a folder is a report, and may be written anew.
const MARK: &str = ".conform-report";

/// The folders of a report.
const FOLDERS: [&str; 2] = ["divergences", "programs"];

const STYLE: &str = include_str!("site/style.css");

/// A run that has ended.
pub struct Run<'r> {
    /// What was compared.
    pub subjects: &'r [String],
    /// The seed of its programs.
    pub seed: u64,
    /// How long it took.
    pub took: Duration,
    /// What it found.
    pub summary: &'r Summary,
    /// Which clauses its subjects keep.
    pub matrix: &'r Matrix,
}

/// Why a report can't be written.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The folder has something else in it.
    #[error("{} has other files in it than those of a report: name an empty folder, or a new one", .0.display())]
    Occupied(PathBuf),
    /// A file or folder can't be written.
    #[error("{}: {cause}", file.display())]
    Write {
        /// The file or folder.
        file: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

/// Where a report goes: a folder that is empty, or has an older report in it.
pub struct Site {
    folder: PathBuf,
}

impl Site {
    /// Makes the folder ready.
    ///
    /// # Errors
    /// When it has something else in it, or can't be written.
    pub fn at(folder: &Path) -> Result<Self, SiteError> {
        let site = Self { folder: folder.to_owned() };
        let failed = |cause| SiteError::Write { file: folder.to_owned(), cause };
        fs::create_dir_all(folder).map_err(failed)?;
        let occupied = fs::read_dir(folder).map_err(failed)?.next().is_some();
        if occupied && !folder.join(MARK).exists() {
            return Err(SiteError::Occupied(folder.to_owned()));
        }
        site.write_file(MARK, "")?;
        for inside in FOLDERS.map(|name| folder.join(name)) {
            let failed = |cause| SiteError::Write { file: inside.clone(), cause };
            match fs::remove_dir_all(&inside) {
                Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(failed(cause)),
                _ => fs::create_dir(&inside).map_err(failed)?,
            }
        }
        Ok(site)
    }

    /// Writes the report: where it begins.
    ///
    /// # Errors
    /// When a file can't be written.
    pub fn write(&self, run: &Run<'_>) -> Result<PathBuf, SiteError> {
        self.write_file("style.css", STYLE)?;
        let templates = Templates::new();
        for page in pages::of_divergences(run).chain(pages::of_programs(run.matrix)) {
            self.write_file(&page.timeline_file(), &page.timeline)?;
            self.write_file(&page.file, &templates.render("program.html", page.values))?;
        }
        self.write_file("index.html", &templates.render("index.html", facts::index(run)))?;
        Ok(self.folder.join("index.html"))
    }

    fn write_file(&self, name: &str, text: &str) -> Result<(), SiteError> {
        let file = self.folder.join(name);
        fs::write(&file, text).map_err(|cause| SiteError::Write { file, cause })
    }
}

/// The templates of the pages. Their names' ending has everything escaped.
struct Templates(Environment<'static>);

impl Templates {
    fn new() -> Self {
        let mut templates = Environment::new();
        for (name, text) in [
            ("frame.html", include_str!("site/frame.html")),
            ("index.html", include_str!("site/index.html")),
            ("program.html", include_str!("site/program.html")),
        ] {
            templates.add_template(name, text).expect("the template is right");
        }
        Self(templates)
    }

    fn render(&self, name: &str, page: Value) -> String {
        let template = self.0.get_template(name).expect("it was added");
        template.render(page).expect("the page has what the template asks for")
    }
}
