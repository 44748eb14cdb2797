//! Luck: when components fail by themselves, how long repairs take, when shocks strike and whom.
//!
//! Every draw comes from a stream with a name, so a component's k-th draw does not depend on the rest of the world.

use crate::design::{ComponentId, Design};
use crate::event::{Agenda, Event};
use crate::specification::{ShockId, Start};
use crate::timeline::FaultId;
use sim::{Instant, Replication, Seed, Span, Stream, Table, Ticket};

/// What a component is doing.
#[derive(Clone, Copy, PartialEq, Debug)]
enum State {
    /// Up, with the failure to come; none: it never fails by itself.
    Up(Option<Ticket>, Instant),
    /// Up, but its clock stands still with so much life left.
    Paused(Span),
    /// Down, by this fault.
    Down(Option<FaultId>),
}

#[derive(Clone, Debug)]
struct Component {
    state: State,
    /// Reasons for which its clock stands still.
    stopped: u32,
    up: Option<Stream>,
    down: Option<Stream>,
}

#[derive(Clone, Debug, Default)]
struct ShockState {
    events: Option<Stream>,
    victims: Vec<Option<Stream>>,
}

/// A victim of a shock that was up, with the length of its fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Struck {
    pub(crate) component: ComponentId,
    pub(crate) lasts: Span,
}

/// The luck of one replication.
#[derive(Clone, Debug)]
pub(crate) struct Luck<'d> {
    design: &'d Design,
    seed: Seed,
    replication: Replication,
    components: Table<ComponentId, Component>,
    shocks: Table<ShockId, ShockState>,
}

impl<'d> Luck<'d> {
    pub(crate) fn new(design: &'d Design) -> Self {
        let idle = Component { state: State::Up(None, Instant::FAR), stopped: 0, up: None, down: None };
        Luck {
            design,
            seed: Seed(0),
            replication: Replication(0),
            components: design.components.map(|_, _| idle.clone()),
            shocks: design
                .shocks
                .map(|_, plan| ShockState { events: None, victims: vec![None; plan.victims.len()] }),
        }
    }

    /// Begins a replication at `start`. Components that a stationary start finds down are listed in `down`, with the
    /// rest of their repair.
    pub(crate) fn reset(
        &mut self,
        seed: Seed,
        replication: Replication,
        start: Instant,
        agenda: &mut Agenda,
        down: &mut Vec<(ComponentId, Span)>,
    ) {
        (self.seed, self.replication) = (seed, replication);
        let stationary = self.design.specification().run.start == Start::Stationary;
        for (id, plan) in self.design.components.iter() {
            let component = &mut self.components[id];
            *component = Component { state: State::Up(None, Instant::FAR), stopped: 0, up: None, down: None };
            let Some((_, up)) = &plan.own else { continue };
            let stream = component.up.insert(Stream::new(seed, replication, plan.up_stream));
            let first = match &plan.down {
                Some(repair) if stationary => {
                    let unavailability = repair.mean() / (up.mean() + repair.mean());
                    if stream.chance(unavailability) {
                        let stream = component.down.insert(Stream::new(seed, replication, plan.down_stream));
                        down.push((id, repair.sample_residual(stream)));
                        component.state = State::Down(None);
                        continue;
                    }
                    up.sample_residual(stream)
                }
                _ => up.sample(stream),
            };
            component.age(id, start.saturating_add(first), agenda);
        }
        for (id, plan) in self.design.shocks.iter() {
            let state = &mut self.shocks[id];
            state.victims.fill(None);
            let stream = state.events.insert(Stream::new(seed, replication, plan.stream));
            let every = &self.design.specification().shocks[id].every;
            let first = if stationary { every.sample_residual(stream) } else { every.sample(stream) };
            agenda.add(start.saturating_add(first), Event::Shock(id));
        }
    }

    /// A component's own time has come: how long its repair takes.
    pub(crate) fn fail(&mut self, id: ComponentId) -> Span {
        let repair = self.design.components[id].down.as_ref().expect("what fails by itself has a repair law");
        let component = &mut self.components[id];
        component.state = State::Down(None);
        let name = self.design.components[id].down_stream;
        let stream = component.down.get_or_insert_with(|| Stream::new(self.seed, self.replication, name));
        repair.sample(stream)
    }

    /// Notes the fault by which a component is down.
    pub(crate) fn note(&mut self, id: ComponentId, fault: FaultId) {
        self.components[id].state = State::Down(Some(fault));
    }

    /// A repair is done: the fault that ends. The component is as good as new.
    pub(crate) fn repair(&mut self, id: ComponentId, now: Instant, agenda: &mut Agenda) -> FaultId {
        let component = &mut self.components[id];
        let State::Down(Some(fault)) = component.state else { unreachable!("only what is down is repaired") };
        component.state = State::Up(None, Instant::FAR);
        if let (Some((_, up)), Some(stream)) = (&self.design.components[id].own, &mut component.up) {
            let life = up.sample(stream);
            if component.stopped > 0 {
                component.state = State::Paused(life);
            } else {
                component.age(id, now.saturating_add(life), agenda);
            }
        }
        fault
    }

    /// A shock: whom it strikes among those that are up, and for how long.
    pub(crate) fn shock(&mut self, id: ShockId, now: Instant, agenda: &mut Agenda, struck: &mut Vec<Struck>) {
        struck.clear();
        let plan = &self.design.shocks[id];
        let shock = &self.design.specification().shocks[id];
        let state = &mut self.shocks[id];
        let events = state.events.as_mut().expect("a shock has its stream from the start");
        let together = match &shock.down {
            Some(law) if shock.together => Some(law.sample(events)),
            _ => None,
        };
        let (seed, replication) = (self.seed, self.replication);
        for (victim, stream) in plan.victims.iter().zip(&mut state.victims) {
            let stream = stream.get_or_insert_with(|| Stream::new(seed, replication, victim.stream));
            // Both draws are made whether they are needed or not, so that the k-th event has the k-th draws.
            let hit = stream.chance(victim.probability);
            let own = shock.down.as_ref().filter(|_| together.is_none()).map(|law| law.sample(stream));
            let component = &mut self.components[victim.component];
            if !hit || matches!(component.state, State::Down(_)) {
                continue;
            }
            if let State::Up(Some(ticket), _) = component.state {
                agenda.cancel(ticket);
            }
            component.state = State::Down(None);
            let lasts = together.or(own).unwrap_or_else(|| {
                let plan = &self.design.components[victim.component];
                let stream =
                    component.down.get_or_insert_with(|| Stream::new(seed, replication, plan.down_stream));
                plan.down.as_ref().expect("checked when the design was made").sample(stream)
            });
            struck.push(Struck { component: victim.component, lasts });
        }
        let next = shock.every.sample(events);
        agenda.add(now.saturating_add(next.max(Span::NANOSECOND)), Event::Shock(id));
    }

    /// Stops the clocks of what stands in `id`, or lets them go on.
    pub(crate) fn stop_clocks(&mut self, id: ComponentId, stop: bool, now: Instant, agenda: &mut Agenda) {
        for &below in &self.design.components[id].stops {
            let component = &mut self.components[below];
            if stop {
                component.stopped += 1;
                if let State::Up(Some(ticket), at) = component.state {
                    agenda.cancel(ticket);
                    component.state = State::Paused(at - now);
                }
            } else {
                component.stopped -= 1;
                if let (0, State::Paused(left)) = (component.stopped, component.state) {
                    component.age(below, now.saturating_add(left), agenda);
                }
            }
        }
    }
}

impl Component {
    fn age(&mut self, id: ComponentId, fails: Instant, agenda: &mut Agenda) {
        self.state = State::Up(Some(agenda.add(fails, Event::Fail(id))), fails);
    }
}
