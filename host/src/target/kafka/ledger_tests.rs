//! The ledger without a broker.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::batch::{Batch, ColumnsBuilder, Routes};

fn outputs(selection: Selection) -> Outputs {
    let mut columns = ColumnsBuilder::default();
    for _ in 0..3 {
        columns.row(None, None, crate::batch::Headers::none(1).row(0), 1);
    }
    let batch = Batch {
        source: Arc::new(TopicPartition::new("orders", Some(3))),
        file: "file".into(),
        rows: vec![0, 1, 2].into(),
        offsets: Some(vec![1042, 1043, 1050].into()),
        columns: columns.finish(),
        strand: None,
        routes: Routes::default(),
    };
    Outputs { selection, ..Outputs::untouched(Arc::new(batch)) }
}

fn fault() -> Option<Undelivered> {
    Some(Undelivered { topic: "t".to_owned(), partition: 1, reason: "no".to_owned(), blame: Blame::Record })
}

#[test]
fn a_ticket_survives_the_way_through_librdkafka() {
    for ticket in [
        Ticket { lane: 0, run: 0, row: 0 },
        Ticket { lane: LANES - 1, run: RUNS - 1, row: RUN_RECORDS - 1 },
        Ticket { lane: 5, run: 70_000, row: 3 },
    ] {
        assert_eq!(Ticket::unpack(ticket.pack()), ticket);
    }
}

#[test]
fn a_place_is_written_as_the_batch_itself_writes_it() {
    for selection in [Selection::All, Selection::Rows(vec![0, 1, 1, 1, 2])] {
        let outputs = outputs(selection);
        let places = Places::of(&outputs);
        let kept: Vec<String> = (0..outputs.len()).map(|row| places.position(row)).collect();
        let written: Vec<String> = outputs.rows().map(|row| outputs.position(&row)).collect();
        assert_eq!(kept, written);
    }
}

#[test]
fn room_is_given_back_when_runs_are_settled_in_whatever_order() {
    let room = Arc::new(Room::new(1000));
    let ledger = Ledger::new(0, Arc::clone(&room));
    let places = Arc::new(Places::of(&outputs(Selection::All)));
    let mut tickets = Vec::new();
    for _ in 0..3 {
        let mut run = ledger.open(&places, 0, 300).unwrap();
        for _ in 0..2 {
            tickets.push(run.ticket());
            run.sent(100);
        }
    }
    // What a run reserved and did not use went back at once.
    assert_eq!(*room.taken.lock(), 600);
    for ticket in tickets.into_iter().rev() {
        assert!(!ledger.is_empty());
        ledger.report(ticket, None);
    }
    assert_eq!(*room.taken.lock(), 0);
    assert!(ledger.is_empty());
    ledger.settle().unwrap();
}

#[test]
fn the_first_failure_is_told_from_then_on() {
    let ledger = Ledger::new(0, Arc::new(Room::new(1000)));
    let places = Arc::new(Places::of(&outputs(Selection::Rows(vec![0, 2, 2]))));
    let mut run = ledger.open(&places, 1, 10).unwrap();
    let tickets = [0, 1].map(|_| {
        let ticket = run.ticket();
        run.sent(1);
        ticket
    });
    drop(run);
    ledger.check().unwrap();
    ledger.report(tickets[1], fault());
    ledger.report(tickets[0], fault());
    let told = "orders-3@1050#1: not written to `t` partition 1: no";
    assert_eq!(ledger.check().unwrap_err().to_string(), told);
    assert_eq!(ledger.settle().unwrap_err().to_string(), told);
}

#[test]
fn a_full_room_makes_the_next_run_wait_until_it_is_free() {
    let room = Arc::new(Room::new(100));
    let ledger = Ledger::new(0, Arc::clone(&room));
    let places = Arc::new(Places::of(&outputs(Selection::All)));
    // More than there is passes alone.
    let mut run = ledger.open(&places, 0, 500).unwrap();
    let ticket = run.ticket();
    run.sent(500);
    drop(run);
    std::thread::scope(|threads| {
        let waiting = threads.spawn(|| ledger.open(&places, 0, 1).map(drop));
        std::thread::sleep(Duration::from_millis(30));
        assert!(!waiting.is_finished());
        ledger.report(ticket, None);
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn nothing_counts_as_written_behind_a_record_that_failed_or_before_the_last_of_its_siblings() {
    let ledger = Ledger::new(0, Arc::new(Room::new(1000)));
    let places = Arc::new(Places::of(&outputs(Selection::Rows(vec![0, 1, 1, 2]))));
    let send = |first: usize, records: u32| {
        let mut run = ledger.open(&places, first, 100).unwrap();
        let tickets: Vec<Ticket> = (0..records)
            .map(|_| {
                let ticket = run.ticket();
                run.sent(1);
                ticket
            })
            .collect();
        tickets
    };
    let (first, second, third) = (send(0, 2), send(2, 1), send(3, 1));
    assert_eq!(ledger.up_to(), None);
    second.iter().for_each(|ticket| ledger.report(*ticket, None));
    assert_eq!(ledger.up_to(), None, "the first run is under way");
    ledger.report(first[0], None);
    ledger.report(first[1], None);
    assert_eq!(ledger.up_to(), Some(Place::Offset(1043)));
    third.iter().for_each(|ticket| ledger.report(*ticket, fault()));
    assert_eq!(ledger.up_to(), Some(Place::Offset(1043)), "what failed is not written");
}

#[test]
fn a_run_that_ends_among_siblings_counts_up_to_the_record_before() {
    let ledger = Ledger::new(0, Arc::new(Room::new(1000)));
    let places = Arc::new(Places::of(&outputs(Selection::Rows(vec![0, 1, 1]))));
    let mut run = ledger.open(&places, 0, 100).unwrap();
    let tickets = [run.ticket(), {
        run.sent(1);
        run.ticket()
    }];
    run.sent(1);
    drop(run);
    tickets.into_iter().for_each(|ticket| ledger.report(ticket, None));
    assert_eq!(ledger.up_to(), Some(Place::Offset(1042)));
}
