//! What clients have seen and done of each key.

use super::oracle::Floors;
use super::{ClientId, KeyId};
use sim::{Id, Table};

/// A key has a row for every client once this share of them (one in so many) has touched it.
const ONE_IN: usize = 8;

/// The floors of all clients, key by key, since keys are touched unevenly and those of a popular one then lie together.
#[derive(Clone, Debug)]
pub(super) struct Sessions {
    clients: usize,
    keys: Table<KeyId, Seen>,
}

/// Who has touched a key.
#[derive(Clone, Debug)]
enum Seen {
    /// These, by number.
    Few(Vec<(ClientId, Floors)>),
    /// A row for everybody.
    Many(Table<ClientId, Floors>),
}

impl Sessions {
    /// Of so many clients who have done nothing with so many keys.
    pub(super) fn new(keys: u32, clients: usize) -> Self {
        let mut all = Table::new();
        for _ in 0..keys {
            all.push(Seen::Few(Vec::new()));
        }
        Sessions { clients, keys: all }
    }

    /// What a client has seen and done of a key.
    pub(super) fn of(&mut self, key: KeyId, client: ClientId) -> &mut Floors {
        let seen = &mut self.keys[key];
        if let Seen::Few(few) = seen
            && few.len() * ONE_IN >= self.clients
        {
            *seen = Seen::Many(spread(few, self.clients));
        }
        match seen {
            Seen::Many(many) => &mut many[client],
            Seen::Few(few) => {
                let place = few.binary_search_by_key(&client, |(other, _)| *other).unwrap_or_else(|place| {
                    few.insert(place, (client, Floors::NONE));
                    place
                });
                &mut few[place].1
            }
        }
    }
}

fn spread(few: &[(ClientId, Floors)], clients: usize) -> Table<ClientId, Floors> {
    let mut many = Table::new();
    for _ in 0..clients {
        many.push(Floors::NONE);
    }
    for (client, floors) in few {
        many[*client] = *floors;
    }
    debug_assert!(few.last().is_none_or(|(last, _)| last.index() < clients));
    many
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::key::{Apply, Key, Order};
    use proptest::prelude::*;
    use sim::Instant;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn everybody_keeps_floors_of_their_own(touches in prop::collection::vec((0u32..3, 0u32..20, 0usize..5), 0..200)) {
            let mut numbers = Key::<0>::new();
            for stamp in 0..5 {
                numbers.write(Order { stamp, writer: 0, number: 0 }, Instant::ZERO, [], Apply::NewestWins);
            }
            let mut sessions = Sessions::new(3, 20);
            let mut naive: BTreeMap<(u32, u32), Floors> = BTreeMap::new();
            for (key, client, version) in touches {
                let floors = sessions.of(KeyId(key), ClientId(client));
                let expected = naive.entry((key, client)).or_insert(Floors::NONE);
                prop_assert_eq!(&*floors, &*expected);
                floors.read = numbers.versions()[version].number;
                *expected = *floors;
            }
        }
    }
}
