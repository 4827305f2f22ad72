//! Names of people: a short list of given names, common ones of the languages of the policy.

use std::collections::HashSet;
use std::sync::OnceLock;

const GIVEN: &str = "aaron abigail adam adrian agnes aisha alan albert alberto alejandro alessandro alex \
alexander alexandra alexis alfred ali alice alicia alison allison amanda amber amelia amy \
ana andre andrea andreas andres andrew angela angelina anita ann anna anne annette anthony \
antoine anton antonia antonio april arthur ashley astrid audrey aurora austin ava barbara \
beatrice beatriz ben benjamin bernard beth betty beverly bill birgit bob bonnie brandon \
brenda brian brittany bruce bruno bryan camila camille carl carla carlos carmen carol \
caroline carolyn catherine cathy cecilia charles charlotte cheryl chloe chris christian \
christina christine christopher claire clara claudia claudio colin connor craig cristina \
crystal cynthia dale dan daniel daniela danielle dave david dawn deborah debra denis denise \
dennis derek diana diane diego dieter dirk dmitri dolores dominic dominik don donald donna \
doris dorothy douglas dylan eduardo edward eileen elaine eleanor elena eli elias elisabeth \
elizabeth ella ellen elsa emil emilia emily emma enrique eric erica erik erika erin ernest \
esther ethan eugene eva evan evelyn fabian fatima felix fernanda fernando fiona florian \
frances francesca francesco francis francisco frank franz fred frederick gabriel gabriela \
gareth gary gavin george gerald gerard giovanni giulia giuseppe gloria gordon grace graham \
greg gregory greta guido gustavo hannah hans harold harriet harry hassan heather hector \
heidi heike helen helena helga henri henrik henry herbert holger howard hugo ian ibrahim ida \
ines ingrid irene iris isaac isabel isabella ivan jack jackie jacob jacqueline jacques jakob \
james jamie jan jane janet janice jason javier jay jean jeff jeffrey jennifer jens jeremy \
jerry jesse jessica jesus jill jim joan joanna joe joel johan johannes john jonas jonathan \
jordan jorge jose josef joseph joshua joyce juan juana judith judy julia julian juliana \
julie jun jurgen justin karen karin karl kate katherine kathleen kathryn kathy katie \
kazimierz keith kelly ken kenneth kerstin kevin kim kimberly klaus konrad krystyna krzysztof \
kurt kyle larry lars laura lauren laurent lawrence lea leah lena leo leon leonard leonardo \
leslie lewis liam lily linda lisa logan lorenzo lori louis louise luca lucas lucia luigi \
luis luisa lukas luke lynn madison magdalena malgorzata manuel manuela marc marco marcus \
margaret margarita maria mariam marianne marie marilyn mario marion mark markus marta martha \
martin martina marvin mary maryam mason mateo matteo matthew matthias maurice max maximilian \
megan melanie melissa mercedes mia michael michaela michel michelle miguel mike mila mohamed \
mohammad mohammed monica monika nadia nancy natalia natalie natasha nathan nathaniel neil \
nicholas nicola nicolas nicole nina noah nora norbert norma olga oliver olivia omar oscar \
otto owen pablo pamela paola patricia patrick paul paula pauline pedro peggy peter petra \
philip philipp phillip phyllis pierre piotr priya rachel rafael rahul rainer ralf ralph \
ramon randy raul ray raymond rebecca regina reinhard renate ricardo richard rita robert \
roberta roberto robin rodney roger roland rolf ronald rosa rose roy russell ruth ryan sabine \
sally salvatore sam samantha samuel sandra sara sarah scott sean sebastian sergio shannon \
sharon shawn sheila shirley simon simone sofia sonia sophia sophie stacy stefan stefanie \
stephanie stephen steve steven stuart susan susanne sven svetlana sylvia tammy tanja tara \
ted teresa terry thea theodore theresa thomas tiffany tim timothy tina tobias todd tom tomas \
tony tracy travis tyler ulrich ursula uwe valentina valeria vanessa vera veronica victor \
victoria vincent virginia vladimir walter wanda wayne wei wendy werner wilhelm will william \
wolfgang xavier yan yasmin yolanda yuki yusuf yvonne zachary zoe";

/// What stands under a name's key without naming anybody.
const WORDS: &[&str] = &[
    "unknown",
    "anonymous",
    "redacted",
    "required",
    "optional",
    "text",
    "varchar",
    "char",
    "test",
    "asc",
    "desc",
    "not recorded",
    "hidden",
    "masked",
    "withheld",
    "default",
    "all",
    "other",
    "any",
    "yes",
    "no",
    "id",
    "column",
    "field",
];

pub fn is_word(lower: &[u8]) -> bool {
    WORDS.iter().any(|w| w.as_bytes() == lower)
}

pub fn given(word: &[u8]) -> bool {
    static CELL: OnceLock<HashSet<&'static [u8]>> = OnceLock::new();
    let all = CELL.get_or_init(|| GIVEN.split_ascii_whitespace().map(str::as_bytes).collect());
    word.len() <= 16 && all.contains(word.to_ascii_lowercase().as_slice())
}

/// Last words of what is named after people.
const THINGS: &str = "airport hospital university college street clinic center centre institute \
school county city park company inc ltd llc corp group bank church museum station award prize disease \
syndrome test score method model index road avenue bridge library foundation theorem law scale trial \
study system region total average report";

pub fn thing(word: &[u8]) -> bool {
    let lower = word.to_ascii_lowercase();
    THINGS
        .split_ascii_whitespace()
        .any(|thing| thing.as_bytes() == lower)
}

/// Two to four words, a given name first or last: `Ada Lovelace`, `LOVELACE, ADA`.
pub fn person(value: &[u8]) -> bool {
    if value.len() > 60 {
        return false;
    }
    let words: Vec<&[u8]> = value
        .split(|b| matches!(b, b' ' | b',' | b'^'))
        .filter(|w| !w.is_empty())
        .collect();
    (2..=4).contains(&words.len())
        && words.iter().all(|w| {
            w.iter()
                .all(|b| b.is_ascii_alphabetic() || *b >= 0x80 || b".'-".contains(b))
                && (w[0].is_ascii_uppercase() || w[0] >= 0x80)
        })
        && !thing(words[words.len() - 1])
        && (given(words[0]) || given(words[words.len() - 1]) && value.contains(&b','))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_people_and_not_things() {
        assert!(
            person(b"Alice Jones")
                && person(b"JONES, ALICE")
                && person(b"Maria de\xc3\xa1 Silva") == false
        );
        assert!(!person(b"dense layer") && !person(b"Rustic Steel Chair") && !person(b"North"));
    }
}
