import { S3Error } from './s3-error.ts';
import { readXml, type XmlElement } from './xml.ts';

/**
 * Reads a request's XML document.
 * @throws S3Error MalformedXML
 */
export function readDocument(text: string, root: string): XmlElement {
  try {
    const document = readXml(text);
    if (document.name === root) return document;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw malformedXml();
}

/** The refusal of a document that does not say what its operation needs. */
export function malformedXml(): S3Error {
  return new S3Error(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  );
}
