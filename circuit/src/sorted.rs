//! Maps and sets that are walked in the order of their keys, as plans need, and that are quick to compile.
//!
//! They do what the standard library's B-trees do. Those take some five thousand lines of intermediate code for every pair of types, and
//! of such pairs there are some two hundred: they were a fifth of all that was compiled here. Here entries stand in chunks of bounded
//! length, sorted within a chunk and from chunk to chunk. To find one takes two binary searches, to insert or remove one moves at most a
//! chunk and now and then the list of chunks, and entries that come in order are appended to full chunks.
//!
//! Entries move when others come, and leave copies behind: no word of a secret stands in one, only where it is.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Bound, Index, RangeBounds};
use std::{slice, vec};

mod set;
#[cfg(test)]
mod tests;
mod wire;

pub use set::SortedSet;

/// Entries of a chunk, at most.
const CHUNK: usize = 128;

/// A map that is sorted by its keys.
#[derive(Clone)]
pub struct SortedMap<K, V> {
    /// None is empty.
    chunks: Vec<Vec<(K, V)>>,
    len: usize,
}

/// Where an entry stands or belongs: its chunk, and its place there.
type Place = (usize, usize);

impl<K, V> SortedMap<K, V> {
    /// With nothing in it.
    pub const fn new() -> Self {
        Self {
            chunks: Vec::new(),
            len: 0,
        }
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes all entries out.
    pub fn clear(&mut self) {
        self.chunks.clear();
        self.len = 0;
    }

    /// All entries, by key.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter {
            front: [].iter(),
            chunks: self.chunks.iter(),
            back: [].iter(),
            n: self.len,
        }
    }

    /// All entries, by key, to change their values.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        let entries = self.chunks.iter_mut().flatten();
        entries.map(|(key, value)| (&*key, value))
    }

    /// All keys.
    pub fn keys(&self) -> Keys<'_, K, V> {
        Keys(self.iter())
    }

    /// All values, by key.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator + Clone {
        self.iter().map(|(_, value)| value)
    }

    /// All values, by key, to change them.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.iter_mut().map(|(_, value)| value)
    }

    /// All keys, without their values.
    pub fn into_keys(self) -> impl Iterator<Item = K> {
        self.into_iter().map(|(key, _)| key)
    }

    /// All values, by key, without their keys.
    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.into_iter().map(|(_, value)| value)
    }

    /// The entry with the smallest key.
    pub fn first_key_value(&self) -> Option<(&K, &V)> {
        let (key, value) = self.chunks.first()?.first()?;
        Some((key, value))
    }

    /// The entry with the largest key.
    pub fn last_key_value(&self) -> Option<(&K, &V)> {
        let (key, value) = self.chunks.last()?.last()?;
        Some((key, value))
    }

    /// Takes the entry with the smallest key out.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        (self.len > 0).then(|| self.remove_at((0, 0)))
    }

    /// Takes out the entries that are not to stay.
    pub fn retain(&mut self, mut stays: impl FnMut(&K, &mut V) -> bool) {
        for chunk in &mut self.chunks {
            chunk.retain_mut(|(key, value)| stays(key, value));
        }
        self.chunks.retain(|chunk| !chunk.is_empty());
        self.len = self.chunks.iter().map(Vec::len).sum();
    }

    fn at(&self, (chunk, place): Place) -> &(K, V) {
        &self.chunks[chunk][place]
    }

    fn at_mut(&mut self, (chunk, place): Place) -> &mut V {
        &mut self.chunks[chunk][place].1
    }

    /// Puts an entry where its key belongs.
    fn insert_at(&mut self, (mut chunk, mut place): Place, key: K, value: V) -> &mut V {
        if self.chunks.is_empty() {
            self.chunks.push(Vec::new());
        }
        if self.chunks[chunk].len() == CHUNK {
            // What comes after all others begins a chunk, so that entries that come in order leave full ones behind.
            let cut = if chunk + 1 == self.chunks.len() && place == CHUNK {
                CHUNK
            } else {
                CHUNK / 2
            };
            let upper = self.chunks[chunk].split_off(cut);
            self.chunks.insert(chunk + 1, upper);
            if place >= cut {
                (chunk, place) = (chunk + 1, place - cut);
            }
        }
        self.len += 1;
        self.chunks[chunk].insert(place, (key, value));
        self.at_mut((chunk, place))
    }

    fn remove_at(&mut self, (chunk, place): Place) -> (K, V) {
        let entry = self.chunks[chunk].remove(place);
        if self.chunks[chunk].is_empty() {
            self.chunks.remove(chunk);
        }
        self.len -= 1;
        entry
    }

    /// The entries from one place to another that is not before it.
    fn between(&self, from: Place, to: Place) -> Iter<'_, K, V> {
        let part = |chunk: usize, start: usize, end: Option<usize>| {
            let whole = self.chunks.get(chunk).map_or(&[][..], Vec::as_slice);
            whole[start..end.unwrap_or(whole.len())].iter()
        };
        let (front, chunks, back) = if from.0 == to.0 {
            (part(from.0, from.1, Some(to.1)), &[][..], [].iter())
        } else {
            let whole = &self.chunks[from.0 + 1..to.0];
            (part(from.0, from.1, None), whole, part(to.0, 0, Some(to.1)))
        };
        Iter {
            n: front.len() + chunks.iter().map(Vec::len).sum::<usize>() + back.len(),
            front,
            chunks: chunks.iter(),
            back,
        }
    }
}

impl<K: Ord, V> SortedMap<K, V> {
    /// Where a key stands, or else where it belongs.
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<Place, Place>
    where
        K: Borrow<Q>,
    {
        // The last chunk that does not begin after it.
        let after = |chunk: &Vec<(K, V)>| chunk[0].0.borrow() <= key;
        let chunk = match self.chunks.len() {
            0 => return Err((0, 0)),
            1 => 0,
            _ => self.chunks.partition_point(after).saturating_sub(1),
        };
        let found = self.chunks[chunk].binary_search_by(|(k, _)| k.borrow().cmp(key));
        match found {
            Ok(place) => Ok((chunk, place)),
            Err(place) => Err((chunk, place)),
        }
    }

    /// The value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|place| &self.at(place).1)
    }

    /// The value of a key, to change it.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let place = self.find(key).ok()?;
        Some(self.at_mut(place))
    }

    /// Whether a key has a value.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    /// Gives a key its value; the one that it had comes back.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(place) => Some(std::mem::replace(self.at_mut(place), value)),
            Err(place) => {
                self.insert_at(place, key, value);
                None
            }
        }
    }

    /// Takes a key and its value out.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let place = self.find(key).ok()?;
        Some(self.remove_at(place).1)
    }

    /// The place of a key, which may have a value or be given one.
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        let place = self.find(&key);
        Entry {
            map: self,
            key,
            place,
        }
    }

    /// The entries whose keys are in a range.
    ///
    /// # Panics
    /// Where the range ends before it begins.
    pub fn range(&self, range: impl RangeBounds<K>) -> Iter<'_, K, V> {
        let not_before = |key: &K| self.find(key).unwrap_or_else(|place| place);
        let after = |key: &K| match self.find(key) {
            Ok((chunk, place)) => (chunk, place + 1),
            Err(place) => place,
        };
        let from = match range.start_bound() {
            Bound::Included(key) => not_before(key),
            Bound::Excluded(key) => after(key),
            Bound::Unbounded => (0, 0),
        };
        let to = match range.end_bound() {
            Bound::Included(key) => after(key),
            Bound::Excluded(key) => not_before(key),
            Bound::Unbounded => (self.chunks.len(), 0),
        };
        self.between(from, to)
    }

    /// Takes out the entries from a key on, and gives them.
    pub fn split_off(&mut self, key: &K) -> Self {
        let (chunk, place) = self.find(key).unwrap_or_else(|place| place);
        let Some(cut) = self.chunks.get_mut(chunk) else {
            return Self::new();
        };
        let first = cut.split_off(place);
        let mut chunks = self.chunks.split_off(chunk + 1);
        if place == 0 {
            self.chunks.pop();
        }
        if !first.is_empty() {
            chunks.insert(0, first);
        }
        let len = chunks.iter().map(Vec::len).sum();
        self.len -= len;
        Self { chunks, len }
    }
}

/// A key's place in a map.
pub struct Entry<'a, K, V> {
    map: &'a mut SortedMap<K, V>,
    key: K,
    place: Result<Place, Place>,
}

impl<'a, K, V> Entry<'a, K, V> {
    /// The key's value, which is made where it has none.
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> &'a mut V {
        match self.place {
            Ok(place) => self.map.at_mut(place),
            Err(place) => self.map.insert_at(place, self.key, make()),
        }
    }

    /// The key's value, which is made of the key where it has none.
    pub fn or_insert_with_key(self, make: impl FnOnce(&K) -> V) -> &'a mut V {
        match self.place {
            Ok(place) => self.map.at_mut(place),
            Err(place) => {
                let value = make(&self.key);
                self.map.insert_at(place, self.key, value)
            }
        }
    }

    /// The key's value, which is `value` where it has none.
    pub fn or_insert(self, value: V) -> &'a mut V {
        self.or_insert_with(|| value)
    }

    /// The key's value, which is the default where it has none.
    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }

    /// Changes the value where there is one.
    pub fn and_modify(self, change: impl FnOnce(&mut V)) -> Self {
        if let Ok(place) = self.place {
            change(self.map.at_mut(place));
        }
        self
    }
}

/// Entries by key.
pub struct Iter<'a, K, V> {
    front: slice::Iter<'a, (K, V)>,
    chunks: slice::Iter<'a, Vec<(K, V)>>,
    back: slice::Iter<'a, (K, V)>,
    /// So many are left.
    n: usize,
}

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Self {
            front: self.front.clone(),
            chunks: self.chunks.clone(),
            back: self.back.clone(),
            n: self.n,
        }
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, value)) = self.front.next() {
                self.n -= 1;
                return Some((key, value));
            }
            match self.chunks.next() {
                Some(chunk) => self.front = chunk.iter(),
                None if self.back.len() == 0 => return None,
                None => self.front = std::mem::take(&mut self.back),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.n, Some(self.n))
    }
}

impl<K, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, value)) = self.back.next_back() {
                self.n -= 1;
                return Some((key, value));
            }
            match self.chunks.next_back() {
                Some(chunk) => self.back = chunk.iter(),
                None if self.front.len() == 0 => return None,
                None => self.back = std::mem::take(&mut self.front),
            }
        }
    }
}

impl<K, V> ExactSizeIterator for Iter<'_, K, V> {}

/// Keys in their order.
pub struct Keys<'a, K, V>(Iter<'a, K, V>);

impl<K, V> Clone for Keys<'_, K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<'a, K, V> Iterator for Keys<'a, K, V> {
    type Item = &'a K;

    fn next(&mut self) -> Option<&'a K> {
        self.0.next().map(|(key, _)| key)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<K, V> DoubleEndedIterator for Keys<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|(key, _)| key)
    }
}

impl<K, V> ExactSizeIterator for Keys<'_, K, V> {}

/// Entries by key, without their map.
pub struct IntoIter<K, V> {
    front: vec::IntoIter<(K, V)>,
    chunks: vec::IntoIter<Vec<(K, V)>>,
    n: usize,
}

impl<K, V> Iterator for IntoIter<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        loop {
            if let Some(entry) = self.front.next() {
                self.n -= 1;
                return Some(entry);
            }
            self.front = self.chunks.next()?.into_iter();
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.n, Some(self.n))
    }
}

impl<K, V> ExactSizeIterator for IntoIter<K, V> {}

impl<K, V> IntoIterator for SortedMap<K, V> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V>;

    fn into_iter(self) -> IntoIter<K, V> {
        IntoIter {
            front: Vec::new().into_iter(),
            chunks: self.chunks.into_iter(),
            n: self.len,
        }
    }
}

impl<'a, K, V> IntoIterator for &'a SortedMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}

impl<K: Ord, V> Extend<(K, V)> for SortedMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SortedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for SortedMap<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: Ord + Borrow<Q>, Q: Ord + ?Sized, V> Index<&Q> for SortedMap<K, V> {
    type Output = V;

    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("an entry with this key")
    }
}

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for SortedMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

// What is equal may be cut into chunks differently.

impl<K: PartialEq, V: PartialEq> PartialEq for SortedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other)
    }
}

impl<K: Eq, V: Eq> Eq for SortedMap<K, V> {}

impl<K: PartialOrd, V: PartialOrd> PartialOrd for SortedMap<K, V> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.iter().partial_cmp(other)
    }
}

impl<K: Ord, V: Ord> Ord for SortedMap<K, V> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other)
    }
}

impl<K: Hash, V: Hash> Hash for SortedMap<K, V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.len.hash(state);
        for entry in self {
            entry.hash(state);
        }
    }
}
