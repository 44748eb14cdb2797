//! One self-contained HTML page: the summary and the plots, no script, nothing to fetch.

use crate::csv::File;
use crate::document::Document;
use crate::table::escaped;

const STYLE: &str = "\
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.1rem; margin: 2rem 0 0.5rem; }
table { border-collapse: collapse; } th, td { text-align: left; padding: 0.15rem 0.8rem 0.15rem 0; vertical-align: top; }
tr + tr td, tr + tr th { border-top: 1px solid #ddd; } td.number, th.number { text-align: right; }
.facts th { font-weight: 600; white-space: nowrap; } svg { max-width: 100%; height: auto; }
pre { white-space: pre-wrap; font-size: 0.85rem; color: #444; }
";

/// The page.
pub fn page(name: &str, document: &Document, plots: &[File]) -> String {
    let figures: String = plots.iter().map(|(_, svg)| format!("<figure>\n{svg}\n</figure>\n")).collect();
    let title = escaped(name);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n{}<h2>Plots</h2>\n{figures}</body>\n</html>\n",
        document.html()
    )
}

#[cfg(test)]
mod tests {
    use crate::document::Document;

    #[test]
    fn names_cannot_break_the_page() {
        let mut document = Document::default();
        document.title("<script>");
        let page = super::page("a & b", &document, &[]);
        assert!(page.contains("<title>a &amp; b</title>") && page.contains("<h1>&lt;script&gt;</h1>"));
    }
}
