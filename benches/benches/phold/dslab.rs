use crate::{Done, Process, timed};
use simcore::{Event, EventHandler, Simulation, SimulationContext};
use std::cell::RefCell;
use std::rc::Rc;

#[derive(Clone, serde::Serialize)]
struct Token;

/// A process as a component with a context of its own, as the crate's documentation builds them.
struct Component {
    process: Process,
    processes: u32,
    context: SimulationContext,
}

impl Component {
    fn send(&mut self) {
        let delay = self.process.delay();
        self.context.emit(Token, self.process.destination(self.processes), delay);
    }
}

impl EventHandler for Component {
    fn on(&mut self, event: Event) {
        if event.data.downcast_ref::<Token>().is_some() {
            self.send();
        }
    }
}

pub(crate) fn run(processes: u32, events: u64) -> Done {
    let mut simulation = Simulation::new(1);
    let components: Vec<_> = (0..processes)
        .map(|index| {
            let name = format!("p{index}");
            let context = simulation.create_context(&name);
            let component = Component { process: Process::new(index), processes, context };
            let component = Rc::new(RefCell::new(component));
            let id = simulation.add_handler(&name, component.clone());
            assert_eq!(id, index, "identifiers are given in the order of creation");
            component
        })
        .collect();
    for component in &components {
        component.borrow_mut().send();
    }
    timed(|| {
        simulation.steps(events);
        (events, simulation.time())
    })
}
