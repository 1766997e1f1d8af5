//! What an author writes: a [`Plugin`], and what it says of each record.

use crate::answer::AnswerBuilder;
use crate::columns::{Answer, Batch};
use crate::record::{BytesWalk, Record, Rows, Shown};
use crate::{Columns, Configure, State};

/// Looks at every record of a lane (one source topic-partition), in the order of the backup.
///
/// There is one instance a lane. How it comes to be is [`Configure`]'s matter, which a struct that
/// derives [`trait@crate::Parameters`] has already.
pub trait Plugin: Configure {
    /// The columns that the plugin looks at; only those are passed to it. Several are written
    /// `Columns::KEY.union(Columns::VALUE)`. Topic, partition and offset of the source are always
    /// there; [`Columns::TOPIC`] and [`Columns::PARTITION`] stand for what earlier plugins chose.
    ///
    /// Looking at another column panics, because a column that is not there must not pass for nulls.
    const READS: Columns;

    /// The columns that the plugin may change. Changing another one panics.
    const CHANGES: Columns = Columns::empty();

    /// How much of the records before an answer depends on. Where the host starts the plugin anew in
    /// the middle of a lane, because a restore is started again, because a lane is taken back within one
    /// or because the record at which the plugin fails is looked for, that much is replayed first and its
    /// answers thrown away.
    const STATE: State = State::None;

    /// Says what becomes of a record; by default it is kept.
    ///
    /// # Errors
    /// A record that can neither be passed on nor dropped is rejected: the restore ends and names it,
    /// or sets it aside where the job says so.
    /// Any error converts into a [`Rejection`], so `?` rejects.
    fn record(&mut self, record: Record<'_>) -> Outcome {
        record.keep()
    }

    /// Answers for a whole batch in columns, for plugins to which records one by one are too slow or
    /// too small; by default it calls [`Plugin::record`] for each of them.
    ///
    /// ```
    /// use anabranch_plugin::columns::{Answer, Batch, numbers};
    /// use anabranch_plugin::{Columns, Parameters, Plugin};
    ///
    /// /// Keeps every second offset.
    /// #[derive(Parameters)]
    /// struct Even;
    ///
    /// impl Plugin for Even {
    ///     const READS: Columns = Columns::empty();
    ///
    ///     fn batch(&mut self, batch: &Batch) -> Result<Answer, String> {
    ///         let even = (0..batch.count).filter(|row| batch.offsets.get(*row as usize) % 2 == 0);
    ///         let even: Vec<u32> = even.collect();
    ///         Ok(Answer { selection: Some(numbers::pack(&even)), ..Answer::unchanged() })
    ///     }
    /// }
    /// # use anabranch_plugin::testing::{record, run};
    /// # let run = run::<Even>(serde_json::json!({}), [record("a", "0"), record("b", "1"), record("c", "2")]);
    /// # assert_eq!(run.records, [record("a", "0"), record("c", "2")]);
    /// ```
    ///
    /// # Errors
    /// A failure of the plugin as a whole; it stops the job.
    fn batch(&mut self, batch: &Batch) -> Result<Answer, String> {
        let rows = Rows::new(batch, Self::READS)?;
        let count = batch.count;
        let reads = |column| Self::READS.contains(column);
        let mut keys = BytesWalk::declared(reads(Columns::KEY), batch.keys.as_ref(), count, "keys")?;
        let mut values = BytesWalk::declared(reads(Columns::VALUE), batch.values.as_ref(), count, "values")?;
        let mut answer = AnswerBuilder::new(count, Self::CHANGES);
        for row in 0..count {
            answer.begin(row);
            let (key, value) = (Shown::next(&mut keys, row), Shown::next(&mut values, row));
            match self.record(Record::new(&rows, &mut answer, key, value)) {
                Ok(Done(Fate::Kept)) => answer.keep(),
                Ok(Done(Fate::Settled)) => {}
                Err(rejection) => answer.reject(rejection.reason),
            }
        }
        Ok(answer.finish())
    }
}

/// What becomes of a record: made by [`Record::keep`], [`Record::drop`], [`Record::finish`] and
/// [`Record::reject`], or by `?`.
pub type Outcome = Result<Done, Rejection>;

/// Proof that it was said what becomes of a record.
#[derive(Debug)]
pub struct Done(pub(crate) Fate);

/// What is left to do for a record.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// It is passed on as it now stands.
    Kept,
    /// Nothing.
    Settled,
}

/// A record that a plugin can neither pass on nor drop, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    pub(crate) reason: String,
}

impl Rejection {
    /// A rejection for the given reason, written for a person.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

impl<E: std::error::Error> From<E> for Rejection {
    fn from(error: E) -> Self {
        Self::new(error.to_string())
    }
}
