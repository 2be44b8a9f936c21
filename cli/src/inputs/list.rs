//! Lists of an input file: ten million small numbers take eight bytes each, not a tree's node.

use super::Tree;
use std::borrow::Cow;

/// Items in order. It may hold secrets, so it has no `Debug`.
#[derive(Clone)]
pub enum List {
    /// All are integers from 0 to 2^64 − 1.
    Numbers(Vec<u64>),
    /// Anything.
    Any(Vec<Tree>),
}

impl Default for List {
    fn default() -> Self {
        Self::Numbers(Vec::new())
    }
}

impl List {
    /// Adds an item at the end.
    pub fn push(&mut self, item: Tree) {
        match (&mut *self, &item) {
            (Self::Numbers(numbers), Tree::Int(false, n)) if *n <= u128::from(u64::MAX) => {
                numbers.push(*n as u64);
            }
            (Self::Numbers(numbers), _) => {
                let mut items: Vec<Tree> = numbers.iter().map(|&n| integer(n)).collect();
                items.push(item);
                *self = Self::Any(items);
            }
            (Self::Any(items), _) => items.push(item),
        }
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Any(items) => items.len(),
        }
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An item.
    pub fn get(&self, i: usize) -> Option<Cow<'_, Tree>> {
        match self {
            Self::Numbers(numbers) => numbers.get(i).map(|&n| Cow::Owned(integer(n))),
            Self::Any(items) => items.get(i).map(Cow::Borrowed),
        }
    }

    /// All items.
    pub fn iter(&self) -> impl Iterator<Item = Cow<'_, Tree>> {
        (0..self.len()).filter_map(|i| self.get(i))
    }
}

impl FromIterator<Tree> for List {
    fn from_iter<I: IntoIterator<Item = Tree>>(items: I) -> Self {
        let mut list = Self::default();
        items.into_iter().for_each(|item| list.push(item));
        list
    }
}

fn integer(n: u64) -> Tree {
    Tree::Int(false, u128::from(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_small_number_changes_the_form_and_no_item() {
        let numbers = [1, u128::from(u64::MAX), u128::from(u64::MAX) + 1, 7];
        let list: List = numbers.iter().map(|&n| Tree::Int(false, n)).collect();
        assert!(matches!(list, List::Any(_)));
        let back = list.iter().map(|item| match *item {
            Tree::Int(false, n) => n,
            _ => 0,
        });
        assert!(back.eq(numbers));
        let list: List = [Tree::Int(false, 3), Tree::Int(true, 3)]
            .into_iter()
            .collect();
        assert!(matches!(list.get(1).as_deref(), Some(Tree::Int(true, 3))));
        assert!(matches!(list.get(0).as_deref(), Some(Tree::Int(false, 3))));
        assert!(matches!(
            [Tree::Int(false, 3)].into_iter().collect(),
            List::Numbers(_)
        ));
    }
}
