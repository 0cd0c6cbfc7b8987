/* What is there before anything is drawn; every other sheet comes with the code that needs it. */
import './base.css';
