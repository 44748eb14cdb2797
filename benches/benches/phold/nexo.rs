use crate::{Done, Process, timed};
use nexosim::model::{Context, Model, schedulable};
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// All processes in one model that schedules for itself: the cheapest way, with one mailbox and no ports between models.
#[derive(Serialize, Deserialize)]
struct Processes {
    processes: Vec<Process>,
}

#[Model]
impl Processes {
    #[nexosim(init)]
    async fn init(&mut self, context: &Context<Self>) {
        for index in 0..self.processes.len() as u32 {
            self.handle(index, context);
        }
    }

    #[nexosim(schedulable)]
    fn handle(&mut self, index: u32, context: &Context<Self>) {
        let count = self.processes.len() as u32;
        let process = &mut self.processes[index as usize];
        let delay = Duration::from_nanos((process.delay() * 1e9) as u64);
        let destination = process.destination(count);
        context.schedule_event(delay, schedulable!(Self::handle), destination).expect("a delay above zero");
    }
}

pub(crate) fn run(processes: u32, events: u64) -> Done {
    let model = Processes { processes: (0..processes).map(Process::new).collect() };
    let start = MonotonicTime::EPOCH;
    let bench = SimInit::with_num_threads(1).add_model(model, Mailbox::new(), "processes");
    let mut simulation = bench.init(start).expect("a valid bench");
    timed(|| {
        for _ in 0..events {
            simulation.step().expect("PHOLD keeps its events");
        }
        (events, simulation.time().duration_since(start).as_secs_f64())
    })
}
